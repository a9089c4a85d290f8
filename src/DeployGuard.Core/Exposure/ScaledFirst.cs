using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// A Deployment that grows gives each ReplicaSet that it has its part of the new size, and only then makes what its template says. So does one that is made and
/// finds ReplicaSets that nobody owns. What they run may be behind other Services than its template.
/// </summary>
internal static class ScaledFirst
{
    /// <summary>The members of the namespace with what the request has made more of; the same list where it makes more of nothing.</summary>
    /// <remarks>Of the revision that it asks for itself, more is judged by its pace.</remarks>
    public static IReadOnlyList<Member> Of(AskedWorkload asked, NamespaceSnapshot snapshot)
    {
        var (target, size) = (asked.After.Spec.Ref, asked.After.Size);
        var adopted = target.Kind == "Deployment" && asked.Before is null && snapshot.Objects is { } objects ? Adopted(asked.After.Spec, objects) : [];
        var live = asked.Before?.Pods.Sum(p => p.Pods) ?? adopted.Values.Sum();
        // One that is paused, and has nothing, fills the last that it had.
        var fills = live == 0 && asked.After.Spec.Strategy.Paused && asked.Before?.Pods.Any(p => p.TemplateHash == asked.After.Spec.Template.Hash) is false;
        var hasOther = adopted.Count > 0 || fills || asked.Before?.Pods.Any(p => p.Pods > 0 && p.TemplateHash != asked.After.Spec.Template.Hash) is true;
        return target.Kind != "Deployment" || !hasOther || size <= (asked.Before?.Size ?? 0) ? snapshot.Members
            : [.. snapshot.Members.Select(m => m.Spec.Ref == target ? Scaled(m, size, live, asked.After.Spec.Template.Hash) : adopted.ContainsKey(m.Spec.Ref) ? Scaled(m, size, live, "") : m)];
    }

    /// <summary>
    /// A rollout to what one of its ReplicaSets runs already brings the pods with that one's labels: a Service may select them that selects no template.
    /// </summary>
    public static IReadOnlyList<Member> Refilled(AskedWorkload asked, IReadOnlyList<Member> members)
    {
        var (target, hash) = (asked.After.Spec.Ref, asked.After.Spec.Template.Hash);
        return !asked.IsInPlace || asked.Before?.Pods.Any(p => p.Labels is not null && p.TemplateHash == hash) is not true ? members
            : [.. members.Select(m => m.Spec.Ref != target ? m : m with { Pods = [.. m.Pods.Select(p => p.TemplateHash == hash ? p with { Pods = Math.Max(p.Pods, asked.After.Size) } : p)] })];
    }

    /// <param name="asked">Hash of the revision that is asked for.</param>
    private static Member Scaled(Member member, int size, int live, string asked)
    {
        int Part(int pods) => live == 0 ? size : Math.Max(pods, (int)((((long)size * pods) + live - 1) / live));
        List<RevisionPods> pods = [.. member.Pods.Select(p => p.TemplateHash == asked ? p : p with { Pods = Part(p.Pods) })];
        return member with { Spec = member.Spec with { Replicas = pods.Count > 0 ? pods.Sum(p => p.Pods) : Part(member.Spec.Replicas) }, Pods = pods };
    }

    private static Dictionary<WorkloadRef, int> Adopted(Workload deployment, NamespaceObjects objects) => deployment.Selector is { Requirements.Count: > 0 } selector
        ? objects.Workloads.Select(w => w.Spec).Where(s => s is { Ref.Kind: "ReplicaSet", ControllerUid: null, Replicas: > 0 } && selector.Matches(s.Labels)).ToDictionary(s => s.Ref, s => s.Replicas)
        : [];
}
