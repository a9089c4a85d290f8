using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The lists that the caches hold of one namespace, each read once. A cache returns the same list as before where nothing changed, so two
/// of these say cheaply whether an object of the namespace changed between them.
/// </summary>
internal sealed class CachedNamespace
{
    private static readonly string[] s_withRevisions = [.. BuiltInKinds.All.Where(k => k.HasControllerRevisions).Select(k => k.Name)];

    private readonly string _name;
    private readonly IReadOnlyList<ServiceEntry> _services;
    private readonly IReadOnlyList<Change> _changes;
    private readonly IReadOnlyList<Approval> _votes;
    private readonly IReadOnlyDictionary<string, AdoptedPods> _adopted;
    private readonly List<IReadOnlyList<ObservedWorkload>> _workloads = [];

    /// <summary>Workloads whose revisions are objects of their own.</summary>
    private readonly List<IReadOnlyList<ObservedWorkload>> _owners = [];
    private readonly IReadOnlyList<ObservedRevision> _revisions;

    /// <summary>Null where pods are not watched.</summary>
    private readonly IReadOnlyList<PodGroup>? _pods;

    public CachedNamespace(string name, ClusterCaches caches)
    {
        _name = name;
        _services = caches.Services.Under(name);
        _changes = caches.Changes.Under(ChangeIndex.OfNamespace(name));
        _votes = caches.Approvals.Under(name);
        _adopted = caches.SortedPolicies.AdoptedIn(name);
        _revisions = caches.ControllerRevisions.Under(name);
        foreach (var (kind, cache) in caches.Workloads)
        {
            var workloads = cache.Under(name);
            _workloads.Add(workloads);
            if (s_withRevisions.Contains(kind))
            {
                _owners.Add(workloads);
            }
        }

        _pods = caches.Pods.Of(name);
    }

    public NamespaceObjects Objects =>
        new()
        {
            Namespace = _name,
            Services = [.. _services.Select(s => s.Service)],
            Workloads = [.. _workloads.SelectMany(w => w).Select(w => w.Live)],
            Revisions = LiveRevisions(),
            Pods = _pods ?? [],
            PodsAreKnown = _pods is not null,
            Changes = _changes,
            Votes = _votes,
            Adopted = _adopted,
        };

    /// <summary>Whether nothing changed between the two. The same lists of workloads have the same owners of revisions.</summary>
    public bool IsSameAs(CachedNamespace other) =>
        ReferenceEquals(_services, other._services)
        && ReferenceEquals(_changes, other._changes)
        && ReferenceEquals(_votes, other._votes)
        && ReferenceEquals(_adopted, other._adopted)
        && AreSame(_workloads, other._workloads)
        && ReferenceEquals(_revisions, other._revisions)
        && _pods is null == other._pods is null
        && AreSame(_pods ?? [], other._pods ?? []);

    /// <summary>Those of which the namespace has the owner.</summary>
    private IReadOnlyList<LiveRevision> LiveRevisions()
    {
        var byOwner = _revisions.ToLookup(r => r.ControllerUid, StringComparer.Ordinal);
        return [.. _owners.SelectMany(o => o).SelectMany(o => byOwner[o.Uid].Select(r => r.Live(o)))];
    }

    private static bool AreSame<T>(IReadOnlyList<T> one, IReadOnlyList<T> other)
        where T : class
    {
        if (ReferenceEquals(one, other))
        {
            return true;
        }

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
}
