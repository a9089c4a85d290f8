using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>What a workload runs and what it could go back to, as entries for the record.</summary>
internal static class OwnedHistory
{
    /// <summary>The revisions that its controller keeps for it, with their images.</summary>
    public static IEnumerable<(OwnedRevision Revision, IReadOnlyList<string> Images)> Of(
        ObservedWorkload workload, IEnumerable<ObservedWorkload> live, IEnumerable<ObservedRevision> history) =>
        live.Where(s => s.ControllerUid == workload.Uid && s.Ref.Kind == "ReplicaSet").Select(s => (LiveHistory.Owned(s), s.Images))
            .Concat(history.Where(r => r.ControllerUid == workload.Uid).Select(r => (LiveHistory.Owned(r.Under(workload)), r.Images)));

    /// <param name="current">Of what the workload's spec says.</param>
    /// <param name="older">Of what it could go back to.</param>
    public static IEnumerable<ChangeEntry> Entries(
        ObservedWorkload workload, IEnumerable<ObservedWorkload> live, IEnumerable<ObservedRevision> history, Transition current, Transition older)
    {
        var kept = Of(workload, live, history).ToList();
        var runs = kept.FirstOrDefault(k => k.Revision.TemplateHash == workload.TemplateHash).Revision;
        return kept.Where(k => k.Revision.TemplateHash != workload.TemplateHash)
            .Select(k => Entry(workload, k.Revision.TemplateHash, k.Images, k.Revision, older))
            .Prepend(Entry(workload, workload.TemplateHash, workload.Images, runs, current));
    }

    private static ChangeEntry Entry(ObservedWorkload workload, string hash, IReadOnlyList<string> images, OwnedRevision? owned, Transition transition) => new()
    {
        Name = ChangeName.Of(workload.Ref, hash),
        Workload = workload.Ref,
        TemplateHash = hash,
        Transition = transition,
        Adopted = true,
        Owned = owned,
        Images = [.. images.Select((image, i) => new ImageChange($"images[{i}]", null, image))],
    };
}
