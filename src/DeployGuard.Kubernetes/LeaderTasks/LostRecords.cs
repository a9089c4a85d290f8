using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Adopts a workload again, with a warning, if it existed when its namespace was adopted and all its records are gone. Its older revisions
/// are recorded as completed, not as proven: a rollback may use them, but it is unknown who created their objects.
/// </summary>
internal sealed class LostRecords(ClusterCaches caches, ChangeWriter writer, EventWriter events, TimeProvider time) : ILeaderTask
{
    /// <summary>The cache of Changes may lag behind that of workloads, or an adoption may be in progress.</summary>
    private static readonly TimeSpan s_certain = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, DateTimeOffset> _missingSince = new(StringComparer.Ordinal);

    public string Name => "recovery of lost records";

    public async Task RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var adopted = caches
            .Policies.All()
            .Where(p => p.Policy.Mode is Mode.Enforce)
            .SelectMany(p => p.AdoptedServing.Keys)
            .ToHashSet(StringComparer.Ordinal);
        var ended = caches.Namespaces.All().Where(n => n.Ends).Select(n => n.Name);
        var workloads = adopted.Except(ended).SelectMany(n => caches.Workloads.Values.SelectMany(c => c.Under(n))).ToList();
        var uids = workloads.Select(w => w.Uid).ToHashSet(StringComparer.Ordinal);
        var missing = workloads.Where(w => !IsMade(w, uids) && IsMissing(w)).ToDictionary(w => w.Uid);
        foreach (var gone in _missingSince.Keys.Where(k => !missing.ContainsKey(k)).ToList())
        {
            _missingSince.Remove(gone);
        }

        await EachOfThem.DoAsync(missing.Values.Where(w => IsCertain(w, now)).ToList(), w => AdoptAsync(w, cancel));
    }

    /// <summary>It has been missing for long enough.</summary>
    private bool IsCertain(ObservedWorkload workload, DateTimeOffset now)
    {
        var since = _missingSince.TryGetValue(workload.Uid, out var known) && known <= now ? known : _missingSince[workload.Uid] = now;
        return now - since >= s_certain;
    }

    private bool IsMissing(ObservedWorkload workload) =>
        AdoptedBefore.WasPutOnRecord(workload, caches.SortedPolicies)
        && !caches.Changes.Under(ClusterCaches.WorkloadKey(workload.Ref)).Any(c => c.WasAdmitted);

    /// <summary>A controller created it for an existing workload, which has the records.</summary>
    private static bool IsMade(ObservedWorkload workload, HashSet<string> uids) =>
        workload.Ref.Type.CountsWithOwner && uids.Contains(workload.ControllerUid);

    private async Task AdoptAsync(ObservedWorkload workload, CancellationToken cancel)
    {
        var current = new Transition(Phase.Proven, "RecordsLost", "every record of the workload was lost; what it runs is taken as it is");
        var older = new Transition(
            Phase.Completed,
            "RecordsLost",
            "every record of the workload was lost; its live history stands in for them"
        );
        var live = caches.OwnedBy(workload, BuiltInKinds.ReplicaSet);
        foreach (var entry in RevisionEntries.Entries(workload, live, caches.RevisionsOf(workload), current, older, time.GetUtcNow()))
        {
            await writer.WriteAsync(entry, WriteTurn.Background, cancel);
        }

        await events.WriteAsync(new EventEntry(EventSubject.Of(workload.Ref, workload.Uid), true, "RecordsLost", current.Message), cancel);
    }
}
