using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// Whether a request that leaves the hash as it is restarts its workload and no more. A pod that reads its annotations also reads when it
/// was restarted: a time of the requester's choice would be input that nobody approved.
/// </summary>
public static class Restarts
{
    /// <summary>
    /// Every restart annotation that the request sets says a time close to now, or what a revision of the workload's live history said,
    /// which is the way back. Always so where no pod reads it. What is no time is part of the hash, and asked about as any revision is.
    /// </summary>
    /// <param name="before">Null where the request makes the workload.</param>
    public static bool SayNow(PodTemplate? before, PodTemplate after, IEnumerable<OwnedRevision> history, DateTimeOffset now)
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
            || known.Any(h => h.RestartTimes.GetValueOrDefault(restart.Key) == restart.Value));
    }
}
