using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes.Reservations;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>Reservations that all replicas share, in ConfigMaps.</summary>
internal sealed class ReplicaReservations(PendingExposureStore exposure, BudgetReservations budgets) : IReservations
{
    public async Task ReserveExposureAsync(
        Request request,
        ClusterSnapshot cluster,
        Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> gains,
        CancellationToken deadline
    )
    {
        if (cluster.Namespace is not { } snapshot)
        {
            return;
        }

        ClusterSnapshot With(IReadOnlyList<PendingExposure> others) =>
            cluster with
            {
                Namespace = snapshot with { PendingExposures = others },
            };
        // The API server gives no generated name twice: each is a workload of its own.
        PendingExposure Named(PendingExposure pods) =>
            request is WorkloadRequest { IsNameGenerated: true }
                ? pods with
                {
                    Workload = pods.Workload with { Name = $"{pods.Workload.Name}{Guid.NewGuid():N}" },
                }
                : pods;
        await exposure.TakeAsync(
            request.Target.Namespace,
            request.Requester.Username,
            others => [.. gains(With(others)).Select(Named)],
            deadline
        );
    }

    public Task<IReadOnlyDictionary<string, BudgetUse>> ReserveBudgetAsync(Verdict verdict, CancellationToken deadline) =>
        budgets.ReserveAsync(verdict, deadline);
}
