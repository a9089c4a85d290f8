using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Ports;

/// <summary>Reservations that all replicas share: two requests at the same instant must not use the same place.</summary>
public interface IReservations
{
    /// <summary>Adds the current reservations of other requests to the snapshot, and reserves the pods that this request adds.</summary>
    /// <param name="gains">The unproven pods that the request adds, given a snapshot; none if it is refused there.</param>
    /// <returns>The snapshot with the reservations of others.</returns>
    /// <exception cref="UnavailableException">It could not be reserved in time.</exception>
    Task<ClusterSnapshot> ReserveExposureAsync(
        Request request,
        ClusterSnapshot cluster,
        Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> gains,
        CancellationToken deadline
    );

    /// <summary>Takes a place in each enforced budget of a verdict, if there is a free one.</summary>
    /// <returns>The other rollouts of each budget; if they fill it, no place was taken.</returns>
    /// <exception cref="UnavailableException">It could not be reserved in time.</exception>
    Task<IReadOnlyDictionary<string, BudgetUse>> ReserveBudgetAsync(Verdict verdict, CancellationToken deadline);
}
