using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Finds workloads that an Enforce policy matches and that no Change admitted: they were created while no replica answered, or past
/// DeployGuard. Reports them by a gauge and an Event; it stops nothing.
/// </summary>
internal sealed class UnrecordedWorkloadScan(ClusterCaches caches, CustomWorkloads custom, EventWriter events, TimeProvider time)
    : ILeaderTask
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

    private readonly HashSet<string> _reported = [];
    private IReadOnlyList<ObservedWorkload> _suspects = [];
    private IReadOnlyList<ObservedWorkload> _found = [];
    private DateTimeOffset _scannedAt;

    public string Name => "scan for unrecorded workloads";

    /// <summary>How many there are by namespace; null on a replica that does not lead.</summary>
    public IReadOnlyDictionary<string, int>? ByNamespace =>
        time.GetUtcNow() - _scannedAt < s_fresh ? _found.GroupBy(w => w.Ref.Namespace).ToDictionary(g => g.Key, g => g.Count()) : null;

    public async Task RunAsync(CancellationToken cancel)
    {
        var all = caches.Workloads.Values.SelectMany(c => c.All()).ToList();
        var owners = all.ToDictionary(w => w.Uid);
        var unrecorded = all.Where(w => !IsRecorded(w) && !IsMadeBy(w, owners) && IsGuarded(w)).ToList();
        unrecorded = await WithoutCustomOwnersAsync(unrecorded, cancel);
        // Twice in a row: the cache of Changes may lag behind that of workloads.
        _found = [.. unrecorded.Where(w => _suspects.Any(s => s.Uid == w.Uid && s.TemplateHash == w.TemplateHash))];
        _suspects = unrecorded;
        _scannedAt = time.GetUtcNow();
        _reported.IntersectWith(_found.Select(Key));
        foreach (var workload in _found.Where(w => _reported.Add(Key(w))))
        {
            await events.WriteAsync(
                new EventEntry(
                    EventSubject.Of(workload.Ref, workload.Uid),
                    true,
                    "RunsWithoutChange",
                    $"DeployGuard has not admitted its template {workload.TemplateHash}, and an enforcing policy matches it"
                ),
                cancel
            );
        }
    }

    /// <summary>Only namespaces that were adopted count: before that, their workloads have no records.</summary>
    private bool IsGuarded(ObservedWorkload workload)
    {
        var now = time.GetUtcNow();
        return caches.Namespaces.Find(ObjectKey.Of("", workload.Ref.Namespace)) is { Ends: false } @namespace
            && caches.SortedPolicies.Entries.Any(p => p.Adopted.Contains(@namespace.Name))
            && caches.SortedPolicies.All.Any(p =>
                p.Mode is Mode.Enforce
                && p.Active.Contains(now)
                && p.Match.IncludesNamespace(@namespace.Labels)
                && p.Match.Includes(workload.Spec)
            );
    }

    /// <summary>By its hash, or by the object that holds its current revision: a server upgrade may have added defaults since.</summary>
    private bool IsRecorded(ObservedWorkload workload)
    {
        var owned = KeptRevisions.CurrentOf(workload, caches);
        return caches
            .Translation.Changes(caches.Changes.Under(ChangeIndex.OfWorkload(workload.Ref)))
            .Any(c =>
                c.WasAdmitted
                && (c.TemplateHash == workload.TemplateHash || (owned is not null && c.IsOwnedRevision(owned.Uid, owned.TemplateHash)))
            );
    }

    /// <summary>
    /// Its controller made it from the owner's template, or from one that was admitted. The ownerReference alone is not enough: everybody
    /// can write one.
    /// </summary>
    private bool IsMadeBy(ObservedWorkload workload, Dictionary<string, ObservedWorkload> owners) =>
        owners.TryGetValue(workload.ControllerUid, out var owner)
        && owner.Ref.Namespace == workload.Ref.Namespace
        && (owner.TemplateHash == workload.TemplateHash || IsRecorded(workload with { Spec = workload.Spec with { Ref = owner.Ref } }));

    /// <summary>Custom kinds are not watched. They are read only where a workload names an owner that no cache has.</summary>
    private async Task<List<ObservedWorkload>> WithoutCustomOwnersAsync(List<ObservedWorkload> unrecorded, CancellationToken cancel)
    {
        var made = new HashSet<string>();
        foreach (var suspects in unrecorded.Where(w => w.ControllerUid.Length > 0).GroupBy(w => w.Ref.Namespace))
        {
            var owners = (await custom.ListAsync(suspects.Key, cancel)).ToDictionary(w => w.Uid);
            made.UnionWith(suspects.Where(w => IsMadeBy(w, owners)).Select(w => w.Uid));
        }

        return [.. unrecorded.Where(w => !made.Contains(w.Uid))];
    }

    private static string Key(ObservedWorkload workload) => $"{workload.Uid}/{workload.TemplateHash}";
}
