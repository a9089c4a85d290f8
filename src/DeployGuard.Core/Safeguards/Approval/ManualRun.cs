using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// A run by hand of a scheduled workload, such as <c>kubectl create job --from=cronjob/report</c>: the schedule runs the same template
/// anyway, so it needs no approval of its own.
/// </summary>
internal static class ManualRun
{
    /// <summary>
    /// The Change of the schedule that a new Job is a run of; null if it is none. It has the template that its live owner has now, and
    /// that template was admitted for the owner. The claim of an owner is no evidence: the template must be equal, and on record. Not
    /// after a break-glass that nobody reviewed, nor after a rejection, nor while the schedule is suspended: then nothing runs it anyway.
    /// </summary>
    public static Change? AdmittedSchedule(Inspection inspection, Workload after) =>
        inspection is not { Evaluated.Before: null, Cluster: var cluster }
            ? null
            : cluster
                .Owners.Where(owner =>
                    owner.Type.RunsOnSchedule
                    && owner.Replicas > 0
                    && owner.Ref.Namespace == after.Ref.Namespace
                    && owner.Template.Hash == after.Template.Hash
                    && after.OwnerReferences.Any(o => o.IsController && o.Uid == owner.Uid)
                )
                .SelectMany(owner =>
                    cluster.ScheduleChanges.Where(c =>
                        c.Workload == owner.Ref && c.HasHash(owner.Template.Hash) && IsInForce(c, inspection)
                    )
                )
                .FirstOrDefault();

    private static bool IsInForce(Change change, Inspection inspection) =>
        change is { IsUnreviewed: false, Phase: Phase.Admitted or Phase.Running or Phase.Completed or Phase.Proven }
        && (change.Adopted || change.Policies.Contains(inspection.Policy.Name))
        && StandingVotes.Veto(
            change,
            inspection.Cluster.ScheduleVotes,
            [inspection.Policy],
            inspection.Now,
            inspection.Cluster.ScheduleChanges
        )
            is null;
}
