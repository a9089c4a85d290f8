using System.Collections.Concurrent;
using DeployGuard.Core.Changes;
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

    public NamespaceSnapshot Of(string @namespace) => KeptOf(@namespace).Snapshot;

    /// <summary>With today's hashes for a request. Nearly all namespaces have no other ones, and that is found out once.</summary>
    public NamespaceSnapshot Of(string @namespace, HashTranslation translation)
    {
        var kept = KeptOf(@namespace);
        return kept.HasFormerHashes ? translation.Translate(kept.Snapshot) : kept.Snapshot;
    }

    private Kept KeptOf(string @namespace)
    {
        var objects = new CachedNamespace(@namespace, caches);
        if (_kept.TryGetValue(@namespace, out var kept) && kept.Of.IsSameAs(objects))
        {
            return kept;
        }

        if (_kept.Count >= MaxKept)
        {
            _kept.Clear();
        }

        var snapshot = objects.Objects.ToSnapshot();
        return _kept[@namespace] = new Kept(objects, snapshot, HashTranslation.IsNeeded(snapshot.Changes, snapshot.Votes));
    }

    /// <param name="HasFormerHashes">Version 0.2 made some of its records.</param>
    private sealed record Kept(CachedNamespace Of, NamespaceSnapshot Snapshot, bool HasFormerHashes);
}
