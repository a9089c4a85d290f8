using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The lists that the caches hold of one namespace, each read once. A cache returns the same list as before where nothing changed, so two
/// of these say cheaply whether an object of the namespace changed between them.
/// </summary>
internal sealed class CachedNamespace(string name, ClusterCaches caches)
{
    private static readonly string[] s_withRevisions = [.. BuiltInKinds.All.Where(k => k.HasControllerRevisions).Select(k => k.Name)];

    private readonly IReadOnlyList<ServiceEntry> _services = caches.Services.Under(name);
    private readonly IReadOnlyList<Change> _changes = caches.Changes.Under(ChangeIndex.OfNamespace(name));
    private readonly IReadOnlyList<Approval> _votes = caches.Approvals.Under(name);
    private readonly IReadOnlyDictionary<string, AdoptedPods> _adopted = caches.SortedPolicies.AdoptedIn(name);
    private readonly List<IReadOnlyList<ObservedWorkload>> _workloads = [.. caches.Workloads.Values.Select(c => c.Under(name))];
    private readonly List<(ObservedWorkload Owner, IReadOnlyList<ObservedRevision> Revisions)> _revisions =
    [
        .. s_withRevisions.SelectMany(k => caches.Workloads[k].Under(name)).Select(o => (o, caches.RevisionsOf(o))),
    ];

    /// <summary>Null where pods are not watched.</summary>
    private readonly IReadOnlyList<PodGroup>? _pods = caches.Pods.Of(name);

    public NamespaceObjects Objects =>
        new()
        {
            Namespace = name,
            Services = [.. _services.Select(s => s.Service)],
            Workloads = [.. _workloads.SelectMany(w => w).Select(w => w.Live)],
            Revisions = [.. _revisions.SelectMany(r => r.Revisions.Select(revision => revision.Live(r.Owner)))],
            Pods = _pods ?? [],
            PodsAreKnown = _pods is not null,
            Changes = _changes,
            Votes = _votes,
            Adopted = _adopted,
        };

    /// <summary>Whether nothing changed between the two.</summary>
    public bool IsSameAs(CachedNamespace other) =>
        ReferenceEquals(_services, other._services)
        && ReferenceEquals(_changes, other._changes)
        && ReferenceEquals(_votes, other._votes)
        && ReferenceEquals(_adopted, other._adopted)
        && AreSame(_workloads, other._workloads)
        && AreSame(_revisions, other._revisions)
        && _pods is null == other._pods is null
        && AreSame(_pods ?? [], other._pods ?? []);

    private static bool AreSame<T>(IReadOnlyList<T> one, IReadOnlyList<T> other)
        where T : class
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

    private static bool AreSame(
        List<(ObservedWorkload Owner, IReadOnlyList<ObservedRevision> Revisions)> one,
        List<(ObservedWorkload Owner, IReadOnlyList<ObservedRevision> Revisions)> other
    )
    {
        if (one.Count != other.Count)
        {
            return false;
        }

        for (var i = 0; i < one.Count; i++)
        {
            if (!ReferenceEquals(one[i].Owner, other[i].Owner) || !ReferenceEquals(one[i].Revisions, other[i].Revisions))
            {
                return false;
            }
        }

        return true;
    }
}
