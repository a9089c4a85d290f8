using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Finds what runs where an Enforce policy matches without a Change that was let in: it came while nobody answered, or past us. Told by
/// a gauge and an Event; nothing is stopped.
/// </summary>
internal sealed class UnrecordedWorkloadScan(ClusterCaches caches, CustomWorkloads custom, EventWriter events, TimeProvider time) : ILeaderTask
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

    private readonly HashSet<string> _told = [];
    private IReadOnlyList<ObservedWorkload> _suspects = [];
    private IReadOnlyList<ObservedWorkload> _found = [];
    private DateTimeOffset _lookedAt;

    public string Name => "audit of what runs";

    /// <summary>How many there are by namespace; null where another replica leads, and knows.</summary>
    public IReadOnlyDictionary<string, int>? ByNamespace => time.GetUtcNow() - _lookedAt < s_fresh
        ? _found.GroupBy(w => w.Ref.Namespace).ToDictionary(g => g.Key, g => g.Count())
        : null;

    public async Task RunAsync(CancellationToken cancel)
    {
        var all = caches.Workloads.Values.SelectMany(c => c.All()).ToList();
        var owners = all.ToDictionary(w => w.Uid);
        var unrecorded = all.Where(w => !IsRecorded(w) && !IsMadeBy(w, owners) && IsGuarded(w)).ToList();
        unrecorded = await WithoutCustomOwnersAsync(unrecorded, cancel);
        // Twice in a row: the cache of Changes may lag behind that of workloads.
        _found = [.. unrecorded.Where(w => _suspects.Any(s => s.Uid == w.Uid && s.TemplateHash == w.TemplateHash))];
        _suspects = unrecorded;
        _lookedAt = time.GetUtcNow();
        _told.IntersectWith(_found.Select(Key));
        foreach (var workload in _found.Where(w => _told.Add(Key(w))))
        {
            await events.WriteAsync(
                new EventEntry(EventSubject.Of(workload.Ref, workload.Uid), true, "RunsWithoutChange", $"its template {workload.TemplateHash} was never let in by DeployGuard, and an enforcing policy matches its namespace"),
                cancel);
        }
    }

    /// <summary>
    /// What was adopted had its records made first, so that only namespaces that were count. A policy that selects by labels of workloads
    /// is left out: these are not kept.
    /// </summary>
    private bool IsGuarded(ObservedWorkload workload)
    {
        var now = time.GetUtcNow();
        return caches.Namespaces.Find(ObjectKey.Of("", workload.Ref.Namespace)) is { Ends: false } @namespace
            && caches.Policies.All().Any(p => p.Adopted.Contains(@namespace.Name))
            && caches.Policies.All().Select(p => p.Policy).Any(p =>
                p.Mode is Mode.Enforce && p.Active.Contains(now) && p.Match.IncludesNamespace(@namespace.Labels) && p.Match.Workloads.Requirements.Count == 0
                && p.Match.IncludesKind(workload.Ref.Kind));
    }

    /// <summary>By its hash, or by the object that holds the revision it runs: a server upgrade may have added defaults since.</summary>
    private bool IsRecorded(ObservedWorkload workload)
    {
        var owned = LiveHistory.CurrentOf(workload, caches);
        return HashTranslation.Of(caches).Changes(caches.Changes.Under(ClusterCaches.WorkloadKey(workload.Ref)))
            .Any(c => c.WasAdmitted && (c.TemplateHash == workload.TemplateHash || (owned is not null && c.HasHeld(owned.Uid, owned.TemplateHash))));
    }

    /// <summary>
    /// Its controller made it from the template that the owner has, or from one that was let in. That it names an owner proves nothing: anybody can
    /// write that.
    /// </summary>
    private bool IsMadeBy(ObservedWorkload workload, Dictionary<string, ObservedWorkload> owners) =>
        owners.TryGetValue(workload.ControllerUid, out var owner) && owner.Ref.Namespace == workload.Ref.Namespace
        && (owner.TemplateHash == workload.TemplateHash || IsRecorded(workload with { Spec = workload.Spec with { Ref = owner.Ref } }));

    /// <summary>Custom kinds are not watched, and read only where something names an owner that no cache has.</summary>
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
