using System.Collections.Concurrent;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The cached snapshot of each namespace in which requests were decided. Its objects are attributed again only when one of them changed.
/// </summary>
internal sealed class NamespaceSnapshots(ClusterCaches caches)
{
    /// <summary>More are forgotten together: an unused snapshot keeps objects that its namespace no longer has.</summary>
    private const int MaxKept = 200;

    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    public NamespaceSnapshot Of(string @namespace)
    {
        var objects = new CachedNamespace(@namespace, caches);
        if (_kept.TryGetValue(@namespace, out var kept) && kept.Of.IsSameAs(objects))
        {
            return kept.Snapshot;
        }

        if (_kept.Count >= MaxKept)
        {
            _kept.Clear();
        }

        var snapshot = objects.Objects.ToSnapshot();
        _kept[@namespace] = new Kept(objects, snapshot);
        return snapshot;
    }

    private sealed record Kept(CachedNamespace Of, NamespaceSnapshot Snapshot);
}
