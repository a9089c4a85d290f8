using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

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
        var selected = all.Where(m => service.Selects(m.Spec.Template.Labels)).ToList();
        return new Pool($"Service {service.Name}", service, [.. selected, .. CanariesOf(selected, all)]);
    }

    /// <summary>Whether the pool's users reach a member's pods; only these can prove anything to them.</summary>
    public bool Reaches(Member member) => Service is null || Service.Selects(member.Spec.Template.Labels);

    /// <summary>
    /// Whether a member's proven pods make the pool larger. Whoever only says that it is a canary of somebody adds what is unproven of it, or
    /// a large idle one would make room for others. One that says so of nobody is a pool of its own, or a word would take it out of its own steps.
    /// </summary>
    public bool IsOwn(Member member) => Service?.Selects(member.Spec.Template.Labels) ?? Name == NameOf(member);

    /// <summary>Of the pool that a workload is by itself.</summary>
    private static string NameOf(Member member) => $"{member.Spec.Ref.Kind} {member.Spec.Ref.Name}";

    /// <summary>Whom a workload says it is a canary of; null if nobody, or itself.</summary>
    private static Member? StableOf(Member member, IReadOnlyList<Member> all) => member.CanaryOf is { } name
        ? all.FirstOrDefault(m => m.Spec.Ref.Name == name && m.Spec.Ref != member.Spec.Ref && m.CanaryOf is null)
        : null;

    private static IEnumerable<Member> CanariesOf(IReadOnlyList<Member> stable, IReadOnlyList<Member> all) =>
        all.Where(m => m.CanaryOf is not null && !stable.Any(s => s.Spec.Ref == m.Spec.Ref) && StableOf(m, all) is { } of && stable.Any(s => s.Spec.Ref == of.Spec.Ref));
}
