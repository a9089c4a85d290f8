using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>Entries that record the current revision of a workload, and those that it can be rolled back to.</summary>
internal static class RevisionEntries
{
    /// <param name="current">Of the current revision.</param>
    /// <param name="older">Of the others.</param>
    /// <param name="at">When they were found.</param>
    public static IEnumerable<ChangeEntry> Entries(
        ObservedWorkload workload,
        IEnumerable<ObservedWorkload> live,
        IEnumerable<ObservedRevision> history,
        Transition current,
        Transition older,
        DateTimeOffset at
    )
    {
        var kept = KeptRevisions.Of(workload, live, history).ToList();
        var runs = kept.FirstOrDefault(k => k.Revision.TemplateHash == workload.TemplateHash).Revision;
        return kept.Where(k => k.Revision.TemplateHash != workload.TemplateHash)
            .Select(k => Entry(workload, k.Revision.TemplateHash, k.Images, k.Revision, older, at))
            .Prepend(Entry(workload, workload.TemplateHash, workload.Images, runs, current, at));
    }

    private static ChangeEntry Entry(
        ObservedWorkload workload,
        string hash,
        IReadOnlyList<string> images,
        OwnedRevision? owned,
        Transition transition,
        DateTimeOffset at
    ) =>
        new()
        {
            Name = ChangeName.Of(workload.Ref, hash),
            Workload = workload.Ref,
            TemplateHash = hash,
            At = at,
            Transition = transition,
            Adopted = true,
            Owned = owned,
            Images = [.. images.Select((image, i) => new ImageChange($"images[{i}]", null, image))],
        };
}
