using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>The standings of the pools of each namespace, from the caches.</summary>
internal sealed class CanaryWatch(ClusterCaches caches, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>Ten thousand pods are evaluated every three seconds.</summary>
    private static readonly TimeSpan s_perPod = TimeSpan.FromMilliseconds(0.2);

    /// <summary>The longest pause; it also bounds the effect of a clock that was set back.</summary>
    private static readonly TimeSpan s_maxPause = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (DateTimeOffset Until, IReadOnlyList<PoolStanding> Standings)> _evaluated = [];
    private volatile IReadOnlyDictionary<(string Namespace, string Policy), double> _exposure = new Dictionary<(string, string), double>();

    /// <summary>The largest share of a pool that unproven revisions have, by namespace and policy.</summary>
    public IReadOnlyDictionary<(string Namespace, string Policy), double> Exposure => _exposure;

    /// <summary>Empty if no policy requires a canary. At most a second old, if there are few pods.</summary>
    public IReadOnlyList<PoolStanding> StandingsIn(string @namespace, IReadOnlyList<SafeguardPolicy> policies)
    {
        if (!policies.Any(p => p.Canary is { Required: not Required.Never }))
        {
            if (_evaluated.Remove(@namespace))
            {
                Publish();
            }

            return [];
        }

        var now = time.GetUtcNow();
        if (_evaluated.TryGetValue(@namespace, out var last) && now < last.Until && last.Until - now <= s_maxPause)
        {
            return last.Standings;
        }

        if (new CachedNamespace(@namespace, caches).Objects is not { PodsAreKnown: true } objects)
        {
            // Without the pods it is not known what has soaked.
            return [];
        }

        var snapshot = objects.ToSnapshot();
        var standings = PoolStanding.Of(caches.Translation.Translate(snapshot), new ClusterSnapshot { Policies = policies }, now);
        var until = s_interval + (objects.Pods.Sum(g => g.Pods.Count) * s_perPod);
        _evaluated[@namespace] = (now + (until < s_maxPause ? until : s_maxPause), standings);
        Publish();
        return standings;
    }

    /// <summary>Forgets every other namespace: one without Changes, or that was deleted, has no canary.</summary>
    public void KeepOnly(IEnumerable<string> namespaces)
    {
        var gone = _evaluated.Keys.Except(namespaces).ToList();
        foreach (var name in gone)
        {
            _evaluated.Remove(name);
        }

        if (gone.Count > 0)
        {
            Publish();
        }
    }

    private void Publish() =>
        _exposure = _evaluated
            .SelectMany(n =>
                n.Value.Standings.Where(s => s.Total > 0)
                    .GroupBy(s => s.Policy)
                    .Select(g => ((n.Key, g.Key), g.Max(s => (double)s.Unproven / s.Total)))
            )
            .ToDictionary(e => e.Item1, e => e.Item2);
}
