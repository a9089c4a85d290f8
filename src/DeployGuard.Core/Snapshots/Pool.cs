using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The pods that the same users reach: those behind one Service, or those of one workload behind no Service.</summary>
/// <param name="Name">As in messages and records: <c>Service web</c>, <c>Deployment web</c>.</param>
/// <param name="Service">Null for a workload behind no Service.</param>
public sealed record Pool(string Name, Service? Service, IReadOnlyList<Member> Members)
{
    /// <summary>Desired pods of all members.</summary>
    public int Total => Members.Sum(m => m.Size);

    /// <summary>Where the pods are, in messages: <c>behind Service web</c>.</summary>
    public string Where => Service is null ? $"of {Name}" : $"behind {Name}";

    /// <summary>Every pool of a workload. Each is evaluated separately.</summary>
    public static IReadOnlyList<Pool> Of(Member member, IReadOnlyList<Service> services, IReadOnlyList<Member> all) =>
        Of(member, services, MemberSet.Of(all));

    internal static IReadOnlyList<Pool> Of(Member member, IReadOnlyList<Service> services, MemberSet all)
    {
        var serving = ServiceIndex.Of(services).Selecting(member.Spec.Template.Labels).Select(s => Behind(s, all)).ToList();
        if (StableOf(member, all) is { } stable)
        {
            // It joins the pools of its stable workload, even if their users do not reach it.
            return [.. serving.Concat(Of(stable, services, all)).DistinctBy(p => p.Name)];
        }

        return serving.Count > 0 ? serving : [new Pool(NameOf(member), null, [member, .. CanariesOf([member], all)])];
    }

    /// <summary>The pool behind one Service.</summary>
    public static Pool Behind(Service service, IReadOnlyList<Member> all) => Behind(service, MemberSet.Of(all));

    internal static Pool Behind(Service service, MemberSet all)
    {
        List<Member> selected = [];
        List<Member> relabelled = [];
        foreach (var member in all.Near(service))
        {
            if (service.Selects(member.Spec.Template.Labels))
            {
                selected.Add(WithoutExcluded(member, service));
            }
            else if (HasRelabelledPods(member, service))
            {
                relabelled.AddRange(RelabelledPodsOf(member, service));
            }
        }

        return new Pool($"Service {service.Name}", service, [.. selected, .. relabelled, .. CanariesOf(selected, all)]);
    }

    /// <summary>A relabelled pod that the Service does not select is not part of the pool, even if its template matches.</summary>
    private static Member WithoutExcluded(Member member, Service service) =>
        WithoutExcluded(member, t => service.Selects(t.Labels), r => r.Labels is { } labels && !service.Selects(labels));

    /// <summary>The member without pods that differ from its template in this respect.</summary>
    /// <param name="isHere">Whether an observed pod is in the pool.</param>
    /// <param name="comesElsewhere">Whether unobserved pods of a revision will be outside the pool.</param>
    internal static Member WithoutExcluded(Member member, Func<PodTemplate, bool> isHere, Func<RevisionPods, bool> comesElsewhere)
    {
        var total = member.Pods.Sum(p => ExcludedOf(p, isHere, comesElsewhere));
        // Nearly all members have no such pods.
        if (total == 0)
        {
            return member;
        }

        var away = member.Pods.Select(p => (Revision: p, Pods: ExcludedOf(p, isHere, comesElsewhere))).ToList();
        // Surge pods are not part of the size, whether inside or outside the pool.
        var gone = member.Excluded + Math.Max(0, total - Math.Max(0, member.Pods.Sum(p => p.Pods) - member.Spec.Replicas));
        var coming = member.Joining + away.Where(a => a.Revision.TemplateHash != member.Spec.Template.Hash).Sum(a => a.Pods);
        return member with
        {
            Excluded = gone,
            Joining = member.Spec.Strategy.Paused ? 0 : Math.Min(gone, coming),
            Pods =
            [
                .. away.Select(a =>
                    a.Revision with
                    {
                        Pods = Math.Max(0, a.Revision.Pods - a.Pods),
                        Seen = [.. a.Revision.Seen.Where(g => isHere(g.Shape.Template))],
                    }
                ),
            ],
        };
    }

    /// <summary>Observed pods outside the pool, and unobserved ones that will be created outside.</summary>
    private static int ExcludedOf(RevisionPods revision, Func<PodTemplate, bool> isHere, Func<RevisionPods, bool> comesElsewhere)
    {
        var (away, here) = (0, 0);
        foreach (var group in revision.Seen)
        {
            (away, here) = isHere(group.Shape.Template) ? (away, here + group.Serving) : (away + group.Serving, here);
        }

        return comesElsewhere(revision) ? Math.Max(0, revision.Pods - here) : Math.Min(away, revision.Pods);
    }

    /// <summary>Nearly no member has such pods.</summary>
    private static bool HasRelabelledPods(Member member, Service service)
    {
        foreach (var revision in member.Pods)
        {
            if (revision.Labels is { } labels && service.Selects(labels))
            {
                return true;
            }

            foreach (var group in revision.Seen)
            {
                if (service.Selects(group.Shape.Template.Labels))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Pods that joined the pool by labels of their own, although the Service does not select their workload's template.</summary>
    private static IEnumerable<Member> RelabelledPodsOf(Member member, Service service)
    {
        foreach (var revision in member.Pods)
        {
            var here = revision.Seen.Where(g => g.Serving > 0 && service.Selects(g.Shape.Template.Labels)).ToList();
            foreach (var group in here)
            {
                yield return RelabelledMember(
                    member,
                    revision,
                    group.Shape.Template,
                    group.Pods.Min(p => p.Name) ?? "",
                    group.Serving,
                    group.Ready,
                    [group]
                );
            }

            // When another pod of the revision ends, its replacement gets these labels.
            var whole = revision.Pods + (revision.TemplateHash == member.Spec.Template.Hash ? member.RolloutShortfall : 0);
            var coming = revision.Labels is { } labels && service.Selects(labels) ? whole - here.Sum(g => g.Serving) : 0;
            if (coming > 0)
            {
                yield return RelabelledMember(member, revision, member.Spec.Template, revision.OwnedName ?? "", coming, 0, []);
            }
        }
    }

    private static Member RelabelledMember(
        Member member,
        RevisionPods revision,
        PodTemplate template,
        string name,
        int pods,
        int ready,
        IReadOnlyList<PodGroup> seen
    ) =>
        new()
        {
            Spec = member.Spec with
            {
                Ref = BuiltInKinds.Pod.Named(member.Spec.Ref.Namespace, name),
                Template = template,
                Replicas = pods,
                Strategy = RolloutStrategy.Unknown,
                Annotations = new Dictionary<string, string>(),
            },
            Ready = ready,
            RecordedAs = member.RecordedAs ?? member.Spec.Ref,
            IsUnattributed = true,
            Pods = [revision with { Pods = pods, Seen = seen }],
        };

    /// <summary>Whether the pool's users reach a member's pods. Only such pods can complete a canary for these users.</summary>
    public bool Reaches(Member member) =>
        Service is null || (Service.Selects(member.Spec.Template.Labels) && Reaches(member.Spec.Template));

    /// <summary>
    /// Whether every port of the pool's Service leads to pods with such containers. One open port besides those that users need is not
    /// enough.
    /// </summary>
    public bool Reaches(PodTemplate template) => Service is null || Service.Ports.All(p => p.IsNumber || p.IsDeclaredBy(template));

    /// <summary>
    /// Whether the member's pods count in the size of the pool. A workload that only declares itself a canary adds its unproven pods;
    /// otherwise a large idle workload would make room for others. Behind no Service, a workload is in the pool of its own name.
    /// </summary>
    public bool IsFullMember(Member member) => Service?.Selects(member.Spec.Template.Labels) ?? Name == NameOf(member);

    /// <summary>Whether at least one port of the pool's Service leads to pods with such containers.</summary>
    public bool ReachesBySome(PodTemplate template) =>
        Service is not { Ports.Count: > 0 } service || service.Ports.Any(p => p.IsNumber || p.IsDeclaredBy(template));

    /// <summary>The name of a workload's own pool.</summary>
    private static string NameOf(Member member) => $"{member.Spec.Ref.Kind} {member.Spec.Ref.Name}";

    /// <summary>The stable workload that a canary names; null if there is none, or it names itself.</summary>
    private static Member? StableOf(Member member, MemberSet all) =>
        member.CanaryOf is { } name
            ? all.Named(name).FirstOrDefault(m => m.Spec.Ref.Name == name && m.Spec.Ref != member.Spec.Ref && m.CanaryOf is null)
            : null;

    private static IEnumerable<Member> CanariesOf(IReadOnlyList<Member> stable, MemberSet all) =>
        all.CanariesOf(stable.Select(s => s.Spec.Ref.Name))
            .Where(m =>
                m.CanaryOf is not null
                && !stable.Any(s => s.Spec.Ref == m.Spec.Ref)
                && StableOf(m, all) is { } of
                && stable.Any(s => s.Spec.Ref == of.Spec.Ref)
            );
}
