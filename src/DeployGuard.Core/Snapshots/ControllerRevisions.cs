namespace DeployGuard.Core.Snapshots;

/// <summary>Splits the pods of a StatefulSet or DaemonSet by revision, from the counts in its status.</summary>
internal static class ControllerRevisions
{
    public static IReadOnlyList<RevisionPods> Split(LiveWorkload workload, IReadOnlyList<LiveRevision> revisions)
    {
        if (Newest(workload, revisions) is not { } newest)
        {
            return [];
        }

        var (old, isSettled) = workload.Spec.Type.StatusNamesRevisions
            ? (Old(workload, revisions), workload.Revisions.Old == workload.Revisions.New)
            : (revisions.Where(r => r != newest).MaxBy(r => r.Number), workload.UpdatedPods >= workload.Spec.Replicas);
        // Once its controller has observed the spec, the newest revision takes the spec's hash: the stored revision may lack defaults of a
        // newer server.
        RevisionPods Current(int pods) =>
            !workload.IsObserved
                ? Pods(newest, pods)
                : new(workload.Spec.Template.Hash, newest.Name, workload.Spec.Template.ImageNames, pods) { OwnedUid = newest.Uid };
        var updated = Math.Min(workload.UpdatedPods, workload.Spec.Replicas);
        return isSettled || old is null
            ? [Current(workload.Spec.Replicas - (workload.IsObserved ? 0 : workload.ReplacedPods))]
            : [Current(updated), Pods(old, Math.Max(0, workload.Spec.Replicas - updated - workload.ReplacedPods))];
    }

    public static LiveRevision? Newest(LiveWorkload workload, IEnumerable<LiveRevision> revisions) =>
        workload.Spec.Type.StatusNamesRevisions
            ? revisions.FirstOrDefault(r => r.Name == workload.Revisions.New)
            : revisions.MaxBy(r => r.Number);

    /// <summary>The revision from which a StatefulSet creates pods below its partition.</summary>
    public static LiveRevision? Old(LiveWorkload workload, IEnumerable<LiveRevision> revisions) =>
        revisions.FirstOrDefault(r => r.ControllerUid == workload.Spec.Uid && r.Name == workload.Revisions.Old);

    public static RevisionPods Pods(LiveRevision revision, int pods) =>
        new(revision.TemplateHash, revision.Name, revision.Images, pods) { OwnedUid = revision.Uid, Labels = revision.Template.Labels };
}
