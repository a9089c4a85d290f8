using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Leader;

/// <summary>
/// How the pools of a namespace stand, with the pods of what is on its way to be proven. Pods are listed and not watched: there are many,
/// and few of them are asked about, for a while.
/// </summary>
internal sealed class CanaryWatch(ApiConnection api, ClusterCaches caches, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>Ten thousand pods are looked at every twenty seconds.</summary>
    private static readonly TimeSpan s_perPod = TimeSpan.FromMilliseconds(2);

    /// <summary>Nothing is looked at more seldom; a clock that was set back ends it too.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (DateTimeOffset Until, IReadOnlyList<PoolStanding> Standings)> _looked = [];
    private volatile IReadOnlyDictionary<(string Namespace, string Policy), double> _exposure = new Dictionary<(string, string), double>();

    /// <summary>The largest share of a pool that unproven revisions have, by namespace and policy.</summary>
    public IReadOnlyDictionary<(string Namespace, string Policy), double> Exposure => _exposure;

    /// <summary>Nothing where no policy asks for a canary. Not older than a second, where there are few pods.</summary>
    public async Task<IReadOnlyList<PoolStanding>> LookAsync(string @namespace, IReadOnlyList<SafeguardPolicy> policies, CancellationToken cancel)
    {
        if (!policies.Any(p => p.Canary is { Required: not Required.Never }))
        {
            if (_looked.Remove(@namespace))
            {
                Publish();
            }

            return [];
        }

        var now = time.GetUtcNow();
        if (_looked.TryGetValue(@namespace, out var last) && now < last.Until && last.Until - now <= s_longest)
        {
            return last.Standings;
        }

        var known = Neighbourhood.Cached(@namespace, caches);
        var serving = known.ToServing();
        var view = new ClusterView { Policies = policies };
        var proving = PoolStanding.Of(serving, view, now).Where(s => s is { IsProven: false, IsProving: true, Pods: > 0 }).Select(s => (s.Workload, s.TemplateHash)).Distinct();
        var pods = new List<LivePod>();
        foreach (var (workload, hash) in proving)
        {
            pods.AddRange(await LiveServing.PodsAsync(api, known, workload, hash, cancel));
        }

        var standings = PoolStanding.Of(serving with { Pods = pods }, view, time.GetUtcNow());
        var until = s_interval + (pods.Count * s_perPod);
        _looked[@namespace] = (now + (until < s_longest ? until : s_longest), standings);
        Publish();
        return standings;
    }

    private void Publish() => _exposure = _looked
        .SelectMany(n => n.Value.Standings.Where(s => s.Total > 0).GroupBy(s => s.Policy).Select(g => ((n.Key, g.Key), g.Max(s => (double)s.Unproven / s.Total))))
        .ToDictionary(e => e.Item1, e => e.Item2);
}
