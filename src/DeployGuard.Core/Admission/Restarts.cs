using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// Whether a request with the same hash only restarts its workload. A pod that reads its annotations also reads the time of its restart:
/// a time of the requester's choice would be input that was not approved.
/// </summary>
public static class Restarts
{
    /// <summary>
    /// Every restart annotation that the request sets has a time close to now, or the value that it had in the workload's live history (a
    /// rollback). Always true if no pod reads it. A value that is not a time is part of the hash, and is evaluated as any revision is.
    /// </summary>
    /// <param name="before">Null if the request creates the workload.</param>
    public static bool HaveValidTimes(PodTemplate? before, PodTemplate after, IEnumerable<OwnedRevision> history, DateTimeOffset now)
    {
        if (!after.ReadsAnnotations)
        {
            return true;
        }

        var known = history.Where(h => h.TemplateHash == after.Hash).ToList();
        return after.RestartTimes.All(restart =>
            !RestartTime.IsTime(restart.Value)
            || before?.RestartTimes.GetValueOrDefault(restart.Key) == restart.Value
            || RestartTime.IsClose(restart.Value, now)
            || known.Any(h => h.RestartTimes.GetValueOrDefault(restart.Key) == restart.Value)
        );
    }
}
