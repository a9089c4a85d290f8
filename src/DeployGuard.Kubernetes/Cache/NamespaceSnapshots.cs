using System.Collections.Concurrent;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The cached snapshot of each namespace in which requests were decided. Its objects are attributed again only when one of them changed:
/// caches return the same list as before, where nothing did.
/// </summary>
internal sealed class NamespaceSnapshots(ClusterCaches caches)
{
    /// <summary>More are forgotten together: an unused snapshot keeps objects that its namespace no longer has.</summary>
    private const int MaxKept = 200;

    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    public NamespaceSnapshot Of(string @namespace)
    {
        var sources = SourcesOf(@namespace);
        if (_kept.TryGetValue(@namespace, out var kept) && IsSame(kept.Sources, sources))
        {
            return kept.Snapshot;
        }

        if (_kept.Count >= MaxKept)
        {
            _kept.Clear();
        }

        var snapshot = NamespaceReader.Cached(@namespace, caches).ToSnapshot();
        // An object that came after the lists were read, and goes again, would stay in a kept snapshot: all empty lists are the same.
        if (IsSame(SourcesOf(@namespace), sources))
        {
            _kept[@namespace] = new Kept(sources, snapshot);
        }

        return snapshot;
    }

    /// <summary>Every list from which the snapshot is made; null for pods that are not watched.</summary>
    private List<object?> SourcesOf(string @namespace)
    {
        var sources = new List<object?>(24)
        {
            caches.Services.Under(@namespace),
            caches.Changes.Under(ChangeIndex.OfNamespace(@namespace)),
            caches.Approvals.Under(@namespace),
            caches.SortedPolicies.AdoptedIn(@namespace),
        };
        foreach (var workloads in caches.Workloads.Values)
        {
            sources.Add(workloads.Under(@namespace));
        }

        foreach (var kind in s_withRevisions)
        {
            foreach (var owner in caches.Workloads[kind].Under(@namespace))
            {
                sources.Add(caches.RevisionsOf(owner));
            }
        }

        if (caches.Pods.Of(@namespace) is { } pods)
        {
            sources.AddRange(pods);
        }
        else
        {
            sources.Add(null);
        }

        return sources;
    }

    private static readonly string[] s_withRevisions = [.. BuiltInKinds.All.Where(k => k.HasControllerRevisions).Select(k => k.Name)];

    private static bool IsSame(List<object?> one, List<object?> other)
    {
        if (one.Count != other.Count)
        {
            return false;
        }

        for (var i = 0; i < one.Count; i++)
        {
            if (!ReferenceEquals(one[i], other[i]))
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Kept(List<object?> Sources, NamespaceSnapshot Snapshot);
}
