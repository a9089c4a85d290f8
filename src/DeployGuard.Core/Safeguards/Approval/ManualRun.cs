using DeployGuard.Core.Admission;
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
    /// The Change of the schedule that a new Job is a run of; null if it is none. The Job must have the template that its live owner has
    /// now, and that template must be admitted for the owner: the name of an owner alone is no evidence. A template that awaits the review
    /// of a break-glass, or was rejected, does not count. Nor does a suspended schedule, because nothing runs its template.
    /// </summary>
    public static Change? AdmittedSchedule(Inspection inspection) =>
        inspection is not { Evaluated: { ChangeType: ChangeType.NewRevision, Before: null, After: { } after }, Cluster: var cluster }
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
