using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Pools;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Caches;

/// <summary>Everything of one namespace that pools are made of, from the caches or read live.</summary>
/// <param name="Workloads">Also those that a controller owns: the ReplicaSets of Deployments tell how many pods run which revision.</param>
internal sealed record Neighbourhood(
    IReadOnlyList<ServiceEntry> Services,
    IReadOnlyList<ObservedWorkload> Workloads,
    IReadOnlyList<ObservedRevision> Revisions,
    IReadOnlyList<RecordedChange> Changes,
    IReadOnlyList<Approval> Votes)
{
    public static Neighbourhood Cached(string @namespace, ClusterCaches caches)
    {
        var roots = caches.Workloads.Values.SelectMany(c => c.Under(@namespace)).Where(w => Member.Serves(w.Ref.Kind)).ToList();
        return new Neighbourhood(
            caches.Services.Under(@namespace),
            [.. roots, .. roots.Where(w => w.Ref.Kind == "Deployment").SelectMany(w => caches.Workloads["ReplicaSet"].Under(w.Uid))],
            [.. roots.Where(w => w.Ref.Kind is "StatefulSet" or "DaemonSet").SelectMany(w => caches.ControllerRevisions.Under(w.Uid).Select(r => r.Under(w)))],
            caches.Changes.Under(@namespace),
            caches.Approvals.Under(@namespace)).Translated();
    }

    /// <summary>Read from the API server now, all at the same time.</summary>
    public static async Task<Neighbourhood> ReadAsync(string @namespace, ClusterCaches caches, CancellationToken cancel)
    {
        var services = caches.Services.ReadLiveAsync(@namespace, cancel);
        var workloads = Task.WhenAll(caches.Workloads.Where(c => Member.Serves(c.Key)).Select(c => c.Value.ReadLiveAsync(@namespace, cancel)));
        var revisions = caches.ControllerRevisions.ReadLiveAsync(@namespace, cancel);
        var changes = caches.Changes.ReadLiveAsync(@namespace, cancel);
        var votes = caches.Approvals.ReadLiveAsync(@namespace, cancel);
        await Task.WhenAll(services, workloads, revisions, changes, votes);
        var all = (await workloads).SelectMany(w => w).ToList();
        var owners = all.Where(w => w.Ref.Kind is "StatefulSet" or "DaemonSet").ToDictionary(w => w.Uid);
        ObservedRevision Owned(ObservedRevision r) => owners.TryGetValue(r.ControllerUid, out var owner) ? r.Under(owner) : r;
        IReadOnlyList<ObservedRevision> owned = [.. (await revisions).Select(Owned)];
        return new Neighbourhood(await services, all, owned, await changes, await votes).Translated();
    }

    /// <summary>With records and votes in terms of today's hashes.</summary>
    private Neighbourhood Translated()
    {
        var translation = new HashTranslation(workload => Workloads.FirstOrDefault(w => w.Ref == workload) is { } live
            ? KnownTemplate.Of(live, HistoryOf(live)).Concat(KnownTemplate.Recorded(Changes.Where(c => c.Workload == workload)))
            : []);
        return this with { Changes = translation.Changes(Changes), Votes = translation.Approvals(Votes) };
    }

    private IEnumerable<OwnedRevision> HistoryOf(ObservedWorkload workload) => Workloads
        .Where(w => w.ControllerUid == workload.Uid && w.Ref.Kind == "ReplicaSet").Select(LiveHistory.Owned)
        .Concat(Revisions.Where(r => r.ControllerUid == workload.Uid).Select(LiveHistory.Owned));

    public Serving ToServing()
    {
        var sets = Workloads.Where(w => w.ControllerUid.Length > 0).ToLookup(w => w.ControllerUid);
        var revisions = Revisions.ToLookup(r => r.ControllerUid);
        return new Serving
        {
            Services = [.. Services.Select(s => s.Service)],
            Members = [.. Workloads.Where(w => w.ControllerUid.Length == 0 && Member.Serves(w.Ref.Kind)).Select(w => new Member { Spec = w.Spec, Ready = w.ReadyPods, Pods = [.. ByRevision(PodsOf(w, sets[w.Uid], [.. revisions[w.Uid]]))] })],
            Changes = Changes,
            Votes = Votes,
        };
    }

    /// <summary>
    /// What tells the pods of one revision apart: the labels to ask for, and the uid of the owner that they then have. Several where a restart, or
    /// a label that is noise, made a further owner of the same revision.
    /// </summary>
    public IReadOnlyList<(string Selector, string OwnerUid)> PodsOf(WorkloadRef workload, string templateHash) =>
        Workloads.FirstOrDefault(w => w.Ref == workload) is not { } found ? [] : found.Ref.Kind switch
        {
            "Deployment" => [.. Workloads.Where(w => w.ControllerUid == found.Uid && w.TemplateHash == templateHash && w.Spec.Replicas > 0).Select(s => (s.Selector, s.Uid))],
            "StatefulSet" or "DaemonSet" => OfRevisions(found, templateHash),
            _ => found.TemplateHash == templateHash && found.Selector.Length > 0 ? [(found.Selector, found.Uid)] : [],
        };

    /// <summary>The pod as a member of its own, if it serves and no workload answers for that; else null.</summary>
    public Member? StrayOrNull(JsonElement pod)
    {
        var read = ObservedWorkload.Read(pod, "v1", "Pod").Spec;
        if (read.Template.Labels.Count == 0 || pod.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _))
        {
            return null;
        }

        var owner = read.ControllerUid is { } uid ? Workloads.FirstOrDefault(w => w.Uid == uid) : null;
        var joined = Services.Any(s => s.Service.Selects(read.Template.Labels) && (owner is null || !s.Service.Selects(owner.Spec.Template.Labels)));
        // A pod whose owner is not known yet was made by a controller a moment ago.
        return joined && (read.ControllerUid is null || owner is not null) ? new Member { Spec = read } : null;
    }

    private IReadOnlyList<(string Selector, string OwnerUid)> OfRevisions(ObservedWorkload workload, string templateHash)
    {
        var newest = NewestIs(workload, templateHash) ? Newest(workload) : null;
        var labels = Revisions.Where(r => r.ControllerUid == workload.Uid && (r.TemplateHash == templateHash || r == newest)).Select(r => r.PodLabel).Distinct().ToList();
        return labels.Count == 0 ? [] : [($"{workload.Selector},{ObservedRevision.Label} in ({string.Join(',', labels)})", workload.Uid)];
    }

    private bool NewestIs(ObservedWorkload workload, string templateHash) => workload.IsObserved && workload.TemplateHash == templateHash && Newest(workload) is not null;

    private ObservedRevision? Newest(ObservedWorkload workload) => Newest(workload, Revisions.Where(r => r.ControllerUid == workload.Uid));

    private static ObservedRevision? Newest(ObservedWorkload workload, IEnumerable<ObservedRevision> revisions) =>
        workload.Ref.Kind == "StatefulSet" ? revisions.FirstOrDefault(r => r.Name == workload.Revisions.New) : revisions.MaxBy(r => r.Number);

    /// <summary>A restart makes another owner of the same revision: it is still one.</summary>
    private static IEnumerable<RevisionPods> ByRevision(IEnumerable<RevisionPods> pods) =>
        pods.GroupBy(p => p.TemplateHash).Select(same => (same.MaxBy(p => p.Pods) ?? same.First()) with { Pods = same.Sum(p => p.Pods) });

    private static IReadOnlyList<RevisionPods> PodsOf(ObservedWorkload workload, IEnumerable<ObservedWorkload> sets, IReadOnlyList<ObservedRevision> revisions) => workload.Ref.Kind switch
    {
        "Deployment" => [.. sets.Select(s => new RevisionPods(s.TemplateHash, s.Ref.Name, s.Images, s.Spec.Replicas))],
        "StatefulSet" => OfSet(workload, revisions),
        "DaemonSet" => OfDaemons(workload, revisions),
        _ => [],
    };

    private static IReadOnlyList<RevisionPods> OfSet(ObservedWorkload workload, IReadOnlyList<ObservedRevision> revisions) =>
        Split(workload, revisions.FirstOrDefault(r => r.Name == workload.Revisions.Old), Newest(workload, revisions), workload.Revisions.Old == workload.Revisions.New);

    private static IReadOnlyList<RevisionPods> OfDaemons(ObservedWorkload workload, IReadOnlyList<ObservedRevision> revisions)
    {
        var newest = Newest(workload, revisions);
        return Split(workload, revisions.Where(r => r != newest).MaxBy(r => r.Number), newest, workload.UpdatedPods >= workload.Spec.Replicas);
    }

    private static IReadOnlyList<RevisionPods> Split(ObservedWorkload workload, ObservedRevision? old, ObservedRevision? newest, bool isSettled)
    {
        if (newest is null)
        {
            return [];
        }

        if (!workload.IsObserved)
        {
            // Its controller has not begun with what its spec says now.
            return [Pods(newest, workload.Spec.Replicas)];
        }

        // Named by the spec: the stored revision may lack defaults that a newer server adds.
        RevisionPods Current(int pods) => new(workload.TemplateHash, newest.Name, workload.Images, pods);
        return isSettled || old is null ? [Current(workload.Spec.Replicas)]
            : [Current(Math.Min(workload.UpdatedPods, workload.Spec.Replicas)), Pods(old, Math.Max(0, workload.Spec.Replicas - workload.UpdatedPods))];
    }

    private static RevisionPods Pods(ObservedRevision revision, int pods) => new(revision.TemplateHash, revision.Name, revision.Images, pods);
}
