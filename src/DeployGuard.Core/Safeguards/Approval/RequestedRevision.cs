using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>A requested revision, with the people who may not approve it and the images that are new.</summary>
internal static class RequestedRevision
{
    /// <param name="rules">Those of <paramref name="policy"/>.</param>
    public static VotedRevision Of(
        EvaluatedRequest evaluated,
        Workload after,
        SafeguardPolicy policy,
        ApprovalRules rules,
        ClusterSnapshot cluster,
        SignedEvidence signed
    )
    {
        var newImages = rules.Covers is ApprovalCovers.Images ? NewImages(evaluated, after, policy, cluster) : [];
        return new VotedRevision(after.Ref, after.Template.Hash, [.. after.Template.Images.Select(i => i.Reference.Text)])
        {
            NewImages = newImages,
            Requester = evaluated.Request.Requester.Username,
            Reviews = signed.Reviews,
            Summary = signed.Summary,
        }.WithPeople(
            evaluated.Requesters,
            [
                .. evaluated.Origin.Authors,
                .. signed.Authors,
                // Also while the registry cannot be asked again.
                .. evaluated.Recorded?.Backing.Where(b => b.Policy == policy.Name).SelectMany(b => b.Authors) ?? [],
            ],
            cluster.Changes
        );
    }

    /// <summary>
    /// Images of the revision that are neither in the running template, unless it is unreviewed, nor in a completed revision.
    /// </summary>
    private static IReadOnlyList<string> NewImages(
        EvaluatedRequest evaluated,
        Workload after,
        SafeguardPolicy policy,
        ClusterSnapshot cluster
    )
    {
        var running =
            evaluated.Before is { } before && !cluster.Changes.Any(c => c.WasAdmittedUnreviewed && c.TemplateHash == before.Template.Hash)
                ? NamesIn(before.Template, policy)
                : [];
        var known = running.Concat(cluster.Changes.Where(c => c.HasCompleted).SelectMany(c => c.Images)).ToHashSet();
        return [.. NamesIn(after.Template, policy).Where(i => !known.Contains(i)).Distinct()];
    }

    private static IEnumerable<string> NamesIn(PodTemplate template, SafeguardPolicy policy) =>
        policy.ImagesOf(template).Select(i => i.Reference.Text);
}
