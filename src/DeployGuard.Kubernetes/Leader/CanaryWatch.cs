using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// How the pools of a namespace stand, by what is watched of it.
/// </summary>
internal sealed class CanaryWatch(ClusterCaches caches, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>Ten thousand pods are looked at every three seconds.</summary>
    private static readonly TimeSpan s_perPod = TimeSpan.FromMilliseconds(0.2);

    /// <summary>Nothing is looked at more seldom; a clock that was set back ends it too.</summary>
    private static readonly TimeSpan s_maxPause = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (DateTimeOffset Until, IReadOnlyList<PoolStanding> Standings)> _looked = [];
    private volatile IReadOnlyDictionary<(string Namespace, string Policy), double> _exposure = new Dictionary<(string, string), double>();

    /// <summary>The largest share of a pool that unproven revisions have, by namespace and policy.</summary>
    public IReadOnlyDictionary<(string Namespace, string Policy), double> Exposure => _exposure;

    /// <summary>Nothing where no policy asks for a canary. Not older than a second, where there are few pods.</summary>
    public IReadOnlyList<PoolStanding> Look(string @namespace, IReadOnlyList<SafeguardPolicy> policies)
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
        if (_looked.TryGetValue(@namespace, out var last) && now < last.Until && last.Until - now <= s_maxPause)
        {
            return last.Standings;
        }

        if (NamespaceReader.Cached(@namespace, caches) is not { PodsAreKnown: true } objects)
        {
            // Without its pods nothing can be said to have soaked.
            return [];
        }

        var snapshot = objects.ToSnapshot();
        var translation = HashTranslation.Of(caches);
        snapshot = snapshot with { Changes = translation.Changes(snapshot.Changes), Votes = translation.Approvals(snapshot.Votes) };
        var standings = PoolStanding.Of(snapshot, new ClusterSnapshot { Policies = policies }, now);
        var until = s_interval + (objects.Pods.Sum(g => g.Pods.Count) * s_perPod);
        _looked[@namespace] = (now + (until < s_maxPause ? until : s_maxPause), standings);
        Publish();
        return standings;
    }

    private void Publish() => _exposure = _looked
        .SelectMany(n => n.Value.Standings.Where(s => s.Total > 0).GroupBy(s => s.Policy).Select(g => ((n.Key, g.Key), g.Max(s => (double)s.Unproven / s.Total))))
        .ToDictionary(e => e.Item1, e => e.Item2);
}
