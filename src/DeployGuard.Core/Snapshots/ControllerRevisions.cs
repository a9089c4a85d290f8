namespace DeployGuard.Core.Snapshots;

/// <summary>How many pods of a StatefulSet or DaemonSet run which of its revisions, by what its controller counted.</summary>
internal static class ControllerRevisions
{
    public static IReadOnlyList<RevisionPods> Split(LiveWorkload workload, IReadOnlyList<LiveRevision> revisions)
    {
        if (Newest(workload, revisions) is not { } newest)
        {
            return [];
        }

        var (old, isSettled) = workload.Spec.Ref.Kind == "StatefulSet"
            ? (Old(workload, revisions), workload.Revisions.Old == workload.Revisions.New)
            : (revisions.Where(r => r != newest).MaxBy(r => r.Number), workload.UpdatedPods >= workload.Spec.Replicas);
        // Named by the spec, since the stored revision may lack defaults that a newer server adds; until its controller has begun with what the spec says now.
        RevisionPods Current(int pods) => !workload.IsObserved ? Pods(newest, pods) : new(workload.Spec.Template.Hash, newest.Name, workload.Spec.Template.ImageNames, pods) { OwnedUid = newest.Uid };
        var updated = Math.Min(workload.UpdatedPods, workload.Spec.Replicas);
        return isSettled || old is null ? [Current(workload.Spec.Replicas - (workload.IsObserved ? 0 : workload.Replaced))] : [Current(updated), Pods(old, Math.Max(0, workload.Spec.Replicas - updated - workload.Replaced))];
    }

    public static LiveRevision? Newest(LiveWorkload workload, IEnumerable<LiveRevision> revisions) =>
        workload.Spec.Ref.Kind == "StatefulSet" ? revisions.FirstOrDefault(r => r.Name == workload.Revisions.New) : revisions.MaxBy(r => r.Number);

    /// <summary>What a StatefulSet makes pods below its partition from.</summary>
    public static LiveRevision? Old(LiveWorkload workload, IEnumerable<LiveRevision> revisions) =>
        revisions.FirstOrDefault(r => r.ControllerUid == workload.Spec.Uid && r.Name == workload.Revisions.Old);

    public static RevisionPods Pods(LiveRevision revision, int pods) =>
        new(revision.TemplateHash, revision.Name, revision.Images, pods) { OwnedUid = revision.Uid, Labels = revision.Template.Labels };
}
