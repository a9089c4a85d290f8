using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Ports;

/// <summary>What replicas tell each other before they admit: two requests of the same instant must not share one place.</summary>
public interface IReservations
{
    /// <summary>Takes into account what others reserved a moment ago, and reserves what this request gains.</summary>
    /// <param name="gains">What the request gains in such a snapshot; nothing where it is refused there.</param>
    /// <returns>The snapshot with the reservations of others.</returns>
    /// <exception cref="UnavailableException">It could not be reserved in time.</exception>
    Task<ClusterSnapshot> ReserveExposureAsync(
        Request request, ClusterSnapshot cluster, Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> gains, CancellationToken deadline);

    /// <summary>Takes a place in the enforced budgets of a verdict, where there is one.</summary>
    /// <returns>The other rollouts of each budget; where they fill it, no place was taken.</returns>
    /// <exception cref="UnavailableException">It could not be reserved in time.</exception>
    Task<IReadOnlyDictionary<string, BudgetUse>> ReserveBudgetAsync(Verdict verdict, CancellationToken deadline);
}
