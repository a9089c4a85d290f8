using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Verifies the owner that an object names. The reference alone is unverified, because the object's author writes it. The owner must exist,
/// be of the kind whose controller creates such objects, and select the object; and the object must run the owner's template.
/// </summary>
public static class Ownership
{
    /// <summary>Controllers cut a longer name of the owner in the name of its ControllerRevision.</summary>
    private const int MaxPrefix = 223;

    /// <summary>
    /// A ReplicaSet is not compared with the owner's template, because each ReplicaSet of a Deployment is another revision.
    /// </summary>
    public static bool IsOwnerOf(Workload owner, Workload made) =>
        made.Type.HoldsOneRevision
            ? owner.Type.HasReplicaSets && IsSelected(owner, made)
            // A CronJob has no selector, so its Jobs are compared by template.
            : made.Type.RunsOnce && owner.Type.RunsOnSchedule && IsSameNamespace(owner, made) && Runs(made.Template, owner.Template);

    /// <summary>Whether the controller of a Deployment would adopt a ReplicaSet.</summary>
    public static bool Adopts(Workload deployment, Workload set) =>
        set.Type.HoldsOneRevision
        && set.ControllerUid is null
        && deployment is { Type.HasReplicaSets: true, Selector: { Requirements.Count: > 0 } selector }
        && IsSameNamespace(deployment, set)
        && selector.Matches(set.Labels);

    /// <summary>
    /// Whether a ControllerRevision of the workload's namespace, which names it as its controller, was made for a workload of its name and
    /// selector. Anybody may move one to another workload by its metadata; its name stays as its controller wrote it.
    /// </summary>
    public static bool IsOwnerOfRevision(Workload owner, string name, PodTemplate template) =>
        owner.Type.HasControllerRevisions
        && IsNamedAfter(owner.Ref.Name, name)
        && owner.Selector is { Requirements.Count: > 0 } selector
        && selector.Matches(template.Labels);

    /// <summary>Whether a workload is the verified owner of pods that name it.</summary>
    /// <param name="revisions">Templates from which it may have created them, newest first.</param>
    internal static bool IsOwnerOfPods(Workload owner, PodShape shape, IEnumerable<PodTemplate> revisions) =>
        SelectsPods(owner, shape.Template.Labels) && revisions.Any(r => Runs(shape.Template, r));

    /// <summary>Whether a workload's controller counts pods with these labels as its own, whatever they run.</summary>
    internal static bool SelectsPods(Workload owner, IReadOnlyDictionary<string, string> labels) =>
        owner.Type.CreatesPods && owner.Selector is { Requirements.Count: > 0 } selector && selector.Matches(labels);

    /// <summary>
    /// The pod has every container and init container of the template, with the same image. Injected containers may be added. A mirror
    /// registry may change the name of an image, but not its digest.
    /// </summary>
    internal static bool Runs(PodTemplate pod, PodTemplate template) =>
        ReferenceEquals(pod.Containers, template.Containers)
        || (
            template.Containers.All(wanted => pod.Containers.Any(c => c.Name == wanted.Name && IsSame(c.Image, wanted.Image)))
            && template
                .Images.Where(i => i.IsOfInitContainer)
                .All(wanted => pod.Images.Any(i => i.IsOfInitContainer && IsSame(i.Reference.Text, wanted.Reference.Text)))
        );

    private static bool IsSame(string image, string other) =>
        image == other || (new ImageReference(image).Digest is { } digest && digest == new ImageReference(other).Digest);

    private static bool IsSelected(Workload owner, Workload made) =>
        IsSameNamespace(owner, made)
        && owner.Selector is { Requirements.Count: > 0 } selector
        && selector.Matches(made.Labels)
        && selector.Matches(made.Template.Labels);

    /// <summary>The name of a ControllerRevision is that of its owner, a dash, and a hash without dashes.</summary>
    private static bool IsNamedAfter(string owner, string revision)
    {
        var prefix = owner.Length > MaxPrefix ? owner[..MaxPrefix] : owner;
        return revision.Length > prefix.Length + 1
            && revision.StartsWith($"{prefix}-", StringComparison.Ordinal)
            && !revision.AsSpan(prefix.Length + 1).Contains('-');
    }

    private static bool IsSameNamespace(Workload owner, Workload made) => owner.Ref.Namespace == made.Ref.Namespace;
}
