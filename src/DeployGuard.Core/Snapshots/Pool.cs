using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The pods that the same users depend on: those behind one Service, or of one workload behind none.</summary>
/// <param name="Name">As messages and records say it: <c>Service web</c>, <c>Deployment web</c>.</param>
/// <param name="Service">Null for a workload behind no Service.</param>
public sealed record Pool(string Name, Service? Service, IReadOnlyList<Member> Members)
{
    /// <summary>Desired pods of all members.</summary>
    public int Total => Members.Sum(m => m.Size);

    /// <summary>As messages say where the pods are: <c>behind Service web</c>.</summary>
    public string Where => Service is null ? $"of {Name}" : $"behind {Name}";

    /// <summary>Every pool that a workload is in, each judged by itself.</summary>
    public static IReadOnlyList<Pool> Of(Member member, IReadOnlyList<Service> services, IReadOnlyList<Member> all)
    {
        var serving = services.Where(s => s.Selects(member.Spec.Template.Labels)).Select(s => Behind(s, all)).ToList();
        if (StableOf(member, all) is { } stable)
        {
            // It joins the pools of whom it says it is a canary of, whether their users reach it or not.
            return [.. serving.Concat(Of(stable, services, all)).DistinctBy(p => p.Name)];
        }

        return serving.Count > 0 ? serving : [new Pool(NameOf(member), null, [member, .. CanariesOf([member], all)])];
    }

    /// <summary>The pool behind one Service.</summary>
    public static Pool Behind(Service service, IReadOnlyList<Member> all)
    {
        var selected = all.Where(m => service.Selects(m.Spec.Template.Labels)).Select(m => WithoutExcluded(m, service)).ToList();
        return new Pool($"Service {service.Name}", service, [.. selected, .. all.SelectMany(m => StraysOf(m, service)), .. CanariesOf(selected, all)]);
    }

    /// <summary>A pod that was given labels by which the Service does not select it is no part of the pool, whatever its template says.</summary>
    private static Member WithoutExcluded(Member member, Service service) =>
        WithoutExcluded(member, t => service.Selects(t.Labels), r => r.Labels is { } labels && !service.Selects(labels));

    /// <summary>A member without the pods that its template speaks for and that are not so.</summary>
    /// <param name="isHere">Of a pod that was seen.</param>
    /// <param name="comesElsewhere">Of those of a revision that were not seen yet.</param>
    internal static Member WithoutExcluded(Member member, Func<PodTemplate, bool> isHere, Func<RevisionPods, bool> comesElsewhere)
    {
        var away = member.Pods.Select(p => (Revision: p, Pods: ExcludedOf(p, isHere, comesElsewhere))).ToList();
        var total = away.Sum(a => a.Pods);
        // What surges is no part of its size, wherever it is.
        var gone = member.Excluded + Math.Max(0, total - Math.Max(0, member.Pods.Sum(p => p.Pods) - member.Spec.Replicas));
        var coming = member.Joining + away.Where(a => a.Revision.TemplateHash != member.Spec.Template.Hash).Sum(a => a.Pods);
        return total == 0 ? member : member with
        {
            Excluded = gone,
            Joining = member.Spec.Strategy.Paused ? 0 : Math.Min(gone, coming),
            Pods =
            [
                .. away.Select(a => a.Revision with
                {
                    Pods = Math.Max(0, a.Revision.Pods - a.Pods),
                    Seen = [.. a.Revision.Seen.Where(g => isHere(g.Shape.Template))],
                }),
            ],
        };
    }

    /// <summary>Those that are seen elsewhere; of those that are not seen yet, the ones that will be made so.</summary>
    private static int ExcludedOf(RevisionPods revision, Func<PodTemplate, bool> isHere, Func<RevisionPods, bool> comesElsewhere)
    {
        var (away, here) = (0, 0);
        foreach (var group in revision.Seen)
        {
            (away, here) = isHere(group.Shape.Template) ? (away, here + group.Serving) : (away + group.Serving, here);
        }

        return comesElsewhere(revision) ? Math.Max(0, revision.Pods - here) : Math.Min(away, revision.Pods);
    }

    /// <summary>Pods that joined by labels of their own, while their workload's template is behind other Services or none.</summary>
    private static IEnumerable<Member> StraysOf(Member member, Service service)
    {
        if (member.Pods.Count == 0 || service.Selects(member.Spec.Template.Labels))
        {
            yield break;
        }

        foreach (var revision in member.Pods)
        {
            var here = revision.Seen.Where(g => g.Serving > 0 && service.Selects(g.Shape.Template.Labels)).ToList();
            foreach (var group in here)
            {
                yield return Stray(member, revision, group.Shape.Template, group.Pods.Min(p => p.Name) ?? "", group.Serving, group.Ready, [group]);
            }

            // When one of its other pods ends, the next is made with these labels.
            var whole = revision.Pods + (revision.TemplateHash == member.Spec.Template.Hash ? member.RolloutShortfall : 0);
            var coming = revision.Labels is { } labels && service.Selects(labels) ? whole - here.Sum(g => g.Serving) : 0;
            if (coming > 0)
            {
                yield return Stray(member, revision, member.Spec.Template, revision.Owned ?? "", coming, 0, []);
            }
        }
    }

    private static Member Stray(Member member, RevisionPods revision, PodTemplate template, string name, int pods, int ready, IReadOnlyList<PodGroup> seen) => new()
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

    /// <summary>Whether the pool's users reach a member's pods; only these can prove anything to them.</summary>
    public bool Reaches(Member member) => Service is null || (Service.Selects(member.Spec.Template.Labels) && Reaches(member.Spec.Template));

    /// <summary>
    /// Whether the users of every port of its Service reach pods with such containers. A port that is there beside those that people use is not enough.
    /// </summary>
    public bool Reaches(PodTemplate template) => Service is null || Service.Ports.All(p => p.IsNumber || p.IsDeclaredBy(template));

    /// <summary>
    /// Whether a member's proven pods make the pool larger. Whoever only says that it is a canary of somebody adds what is unproven of it, or
    /// a large idle one would make room for others. One that says so of nobody is a pool of its own, or a word would take it out of its own steps.
    /// </summary>
    public bool IsOwn(Member member) => Service?.Selects(member.Spec.Template.Labels) ?? Name == NameOf(member);

    /// <summary>Whether users of any of the ports of its Service reach pods with such containers.</summary>
    public bool ReachesBySome(PodTemplate template) => Service is not { Ports.Count: > 0 } service || service.Ports.Any(p => p.IsNumber || p.IsDeclaredBy(template));

    /// <summary>Of the pool that a workload is by itself.</summary>
    private static string NameOf(Member member) => $"{member.Spec.Ref.Kind} {member.Spec.Ref.Name}";

    /// <summary>Whom a workload says it is a canary of; null if nobody, or itself.</summary>
    private static Member? StableOf(Member member, IReadOnlyList<Member> all) => member.CanaryOf is { } name
        ? all.FirstOrDefault(m => m.Spec.Ref.Name == name && m.Spec.Ref != member.Spec.Ref && m.CanaryOf is null)
        : null;

    private static IEnumerable<Member> CanariesOf(IReadOnlyList<Member> stable, IReadOnlyList<Member> all) =>
        all.Where(m => m.CanaryOf is not null && !stable.Any(s => s.Spec.Ref == m.Spec.Ref) && StableOf(m, all) is { } of && stable.Any(s => s.Spec.Ref == of.Spec.Ref));
}
