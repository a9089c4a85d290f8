using System.Globalization;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>The pods that the users of one port of a Service reach.</summary>
/// <param name="Port">As messages show it: <c>80/TCP</c>; empty for a Service without ports.</param>
/// <param name="Node">The node whose users these are; empty where all users reach all pods.</param>
/// <param name="Revisions">The unproven pods among them.</param>
/// <param name="Proven">Proven pods, ready or not.</param>
internal sealed record Share(string Port, string Node, int Total, IReadOnlyList<UnprovenPods> Revisions, int Proven);

/// <summary>Splits the pods of a pool by the users of each port and node.</summary>
internal sealed class ServiceShares(ExposureContext context, ProvenInPool proven)
{
    /// <param name="byReadiness">The request makes pods that are not ready reachable: those shares are then evaluated separately.</param>
    public IReadOnlyList<Share> Of(Pool pool, Service service, bool byReadiness)
    {
        // An ExternalName has the ports of its target.
        var ports = pool.Service?.Ports is { Count: > 0 } behind && service.IsExternalName ? behind : service.Ports;
        return ports.Count == 0
            ? [.. OfPort(pool, service, "", byReadiness)]
            :
            [
                .. from port in ports
                from having in Having(port, pool.Members).Select((members, i) => (Members: members, Name: NameOf(port, i)))
                from share in OfPort(pool with { Members = having.Members }, service, having.Name, byReadiness)
                select share,
            ];
    }

    /// <summary>
    /// Users reach a pod by a port that it has. A named port must be declared. A numbered port may be open in any pod, or only in those
    /// that declare it: both are evaluated.
    /// </summary>
    private static IEnumerable<IReadOnlyList<Member>> Having(ServicePort port, IReadOnlyList<Member> members)
    {
        List<Member> declared = [.. members.Select(m => Declaring(port, m)).Where(m => m.Size > 0)];
        return port.IsNumber && declared.Count > 0 && declared.Sum(m => m.Size) < members.Sum(m => m.Size)
            ? [members, declared]
            : [port.IsNumber ? members : declared];
    }

    /// <summary>The pods of a member that have the port: running pods decide, and not a template that is not rolled out.</summary>
    private static Member Declaring(ServicePort port, Member member)
    {
        var isDeclared = port.IsDeclaredBy(member.Spec.Template);
        return member.Pods.Any(p => p.Seen.Count > 0)
                ? Pool.WithoutExcluded(member, port.IsDeclaredBy, r => !isDeclared && r.TemplateHash == member.Spec.Template.Hash)
            : isDeclared ? member
            : member with { Excluded = member.Spec.Replicas };
    }

    private static string NameOf(ServicePort port, int which) =>
        $"{port.Number.ToString(CultureInfo.InvariantCulture)}/{port.Protocol}{(which == 0 ? "" : " where declared")}";

    private IEnumerable<Share> OfPort(Pool pool, Service service, string port, bool byReadiness)
    {
        var unproven = context.Unproven.Of(pool, proven, null);
        yield return new Share(port, "", ExposureContext.TotalOf(pool, unproven, null), unproven, ExposureContext.ProvenOf(pool, unproven));
        if (service.RoutesLocally)
        {
            foreach (var node in SeenPods(pool).Where(p => p.Pod.IsReady).GroupBy(p => p.Pod.Node))
            {
                yield return Counted(port, $"node {node.Key}", [.. node]);
            }
        }

        if (byReadiness)
        {
            yield return Counted(
                port,
                "pods that are not ready",
                [.. SeenPods(pool).Where(p => p.Pod.IsReady || service.PublishesNotReady)]
            );
        }
    }

    private static Share Counted(string port, string who, IReadOnlyList<SeenPod> pods)
    {
        var unproven = pods.Where(p => p.Unproven is not null)
            .GroupBy(p => (p.Unproven?.Key, p.Unproven?.Workload))
            .Select(g => (g.First().Unproven, Pods: g.Count()))
            .Select(g => g.Unproven is { } some ? some with { Pods = g.Pods } : throw new InvalidOperationException("not unproven"))
            .ToList();
        return new Share(port, who, pods.Count, unproven, pods.Count - unproven.Sum(u => u.Pods));
    }

    private IEnumerable<SeenPod> SeenPods(Pool pool) =>
        from member in pool.Members.Where(pool.IsFullMember)
        from revision in member.Pods
        let isUnproven = context.Proven.IsUnproven(member, revision, proven)
        let key = RevisionKey.Of(context.Rules.Covers, revision.TemplateHash, revision.Images)
        from seen in revision.Seen
        from pod in seen.Pods.Where(p => p.IsActive)
        select new SeenPod(pod, isUnproven ? new UnprovenPods(key, member.Spec.Ref, revision.TemplateHash, revision.Images, 1) : null);

    private sealed record SeenPod(LivePod Pod, UnprovenPods? Unproven);
}
