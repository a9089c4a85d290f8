using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Why the revision of a ReplicaSet must not serve without an approval, as a rollback to it would need one.</summary>
/// <param name="Deployment">The Deployment that the ReplicaSet is named after, as kubectl names it.</param>
/// <param name="Change">Its record; null if there is none.</param>
/// <param name="Why">For a sentence: "a revision that ...".</param>
internal sealed record Distrust(WorkloadRef Set, string Deployment, Change? Change, string Why)
{
    /// <returns>Null if it may serve.</returns>
    public static Distrust? Of(RevisionSet kept, Inspection inspection)
    {
        var records = kept.Changes.Where(kept.IsRecordedBy).ToList();
        if (inspection.Policy.Approval is not { } rules || records.Any(c => c.HasCompleted))
        {
            return null;
        }

        var deployment = RevisionSet.DeploymentOf(kept.Set.Ref)?.KubectlName ?? kept.Set.Ref.KubectlName;
        return records.FirstOrDefault(c => c.IsUnreviewed || inspection.Policy.IsRequired(rules.Required, c.Origin)) is { } change
                ? new(kept.Set.Ref, deployment, change, $"{Show(change)} (change {change.Name})")
            : records.Count == 0 && inspection.Policy.IsRequired(rules.Required, OriginKind.Unknown)
                ? new(kept.Set.Ref, deployment, null, "has no record")
            : null;
    }

    private static string Show(Change change) =>
        change.BreakGlassUses.FirstOrDefault(u => u.IsRejected) is { } rejected ? $"{rejected.ReviewedBy} rejected"
        : change.IsUnreviewed ? "awaits the review of its break-glass"
        : "never completed";
}
