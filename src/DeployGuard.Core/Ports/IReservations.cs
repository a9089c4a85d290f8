using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Ports;

/// <summary>Reservations that all replicas share: two requests at the same instant must not use the same place.</summary>
public interface IReservations
{
    /// <summary>Reserves the pods that a request adds, given the reservations of other requests.</summary>
    /// <param name="gains">
    /// Called with the snapshot that has the reservations of others, again after each conflict. Returns the unproven pods that the request
    /// adds there; none if it is refused.
    /// </param>
    /// <exception cref="UnavailableException">It could not be reserved in time.</exception>
    Task ReserveExposureAsync(
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
