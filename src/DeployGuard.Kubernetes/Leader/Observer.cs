using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Leads Changes through the phases that are seen and not asked for: the API server may still drop what was admitted, anyone who can
/// reach the port can ask, votes come and go, and time passes. Notes reviews of what came in by break-glass.
/// </summary>
internal sealed class Observer(ApiConnection api, ClusterCaches caches, CustomWorkloads custom, CanaryWatch canaries, ChangeWriter writer, EventWriter events, TimeProvider time) : ILeaderTask
{
    public string Name => "observation of changes";

    public async Task RunAsync(CancellationToken cancel)
    {
        var translation = HashTranslation.Of(caches);
        foreach (var @namespace in caches.Changes.All().Select(translation.Change).GroupBy(c => c.Workload.Namespace))
        {
            var policies = caches.PoliciesOf(@namespace.Key);
            var standings = canaries.Look(@namespace.Key, policies).ToLookup(s => s.Workload);
            var vetoed = @namespace.Where(c => VetoOf(c, policies) is not null).ToList();
            foreach (var change in @namespace)
            {
                await LookAtAsync(change, vetoed, policies, [.. standings[change.Workload].Where(s => s.TemplateHash == change.TemplateHash)], cancel);
            }
        }
    }

    private async Task LookAtAsync(Change change, IReadOnlyList<Change> vetoed, IReadOnlyList<SafeguardPolicy> policies, IReadOnlyList<PoolStanding> standings, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var approvals = VotesOn(change.Workload);
        var workload = change.WasAdmitted ? await FindAsync(change, cancel) : null;
        // What is not watched is known only now.
        change = workload is null ? change : new HashTranslation(_ => KnownTemplate.Of(workload, [])).Change(change);
        var live = workload is null
            ? Observation.Nothing
            : new Observation(workload.HashLike(change.TemplateHash), workload.IsObserved, IsComplete(workload));
        var veto = VetoOf(change, policies);
        var next = ChangeLifecycle.Next(change, live, veto, CanaryPromotion.Of(change, policies, standings, now), now);
        // What has just completed serves from now on: the way back to it is as wide as that.
        var canary = CanaryStatus.Next(next is null ? change : change with { Phase = next.Phase }, change.WasAdmitted ? standings : [], Unlatched.Of(change, vetoed, policies), now);
        var isProgress = canary.Differs(change);
        var completed = live.Runs(change.TemplateHash) && live.IsComplete && workload is not null && workload.Spec.Replicas > change.CompletedPods ? workload.Spec.Replicas : 0;
        var isAvailable = live.Runs(change.TemplateHash) && live.IsComplete;
        var availability = (change.Phase is Phase.Completed || next?.Phase is Phase.Completed) && isAvailable != change.AvailableSince is not null;
        var reviewer = StandingVotes.Reviewer(change, approvals, policies);
        var owned = workload is null ? null : OwnedBy(change, next, workload);
        if (next is null && !availability && reviewer is null && !isProgress && completed == 0 && owned is null)
        {
            return;
        }

        var uid = await writer.AlterAsync(change, status => Alter(status), cancel);
        if (next is not null && uid.Length > 0)
        {
            var about = EventSubject.OfChange(change.Workload.Namespace, change.Name, uid);
            await events.WriteAsync(new EventEntry(about, next.Phase is Phase.Rejected or Phase.Expired, next.Reason, next.Message), cancel);
        }

        bool Alter(JsonObject status)
        {
            // The cache may lag behind a request that came in between: what is stored decides.
            if ((string?)status["phase"] != change.Phase.ToString())
            {
                return false;
            }

            var altered = next is not null && ChangeStatus.Move(status, next, now);
            if (owned is not null)
            {
                ChangeStatus.SetOwned(status, owned);
                altered = true;
            }

            if (availability)
            {
                altered |= ChangeStatus.Set(status, ChangeStatus.Available, isAvailable, isAvailable ? "AllPods" : "FewerPods", isAvailable ? "all desired pods are available" : "not all desired pods are available, or another revision runs", now);
            }

            if (isProgress)
            {
                canary.WriteTo(status);
            }

            if (completed > 0)
            {
                status["completedPods"] = completed;
            }

            if (reviewer is not null)
            {
                Waivers.Review(status, reviewer, now);
            }

            return reviewer is not null || altered || isProgress || completed > 0;
        }
    }

    /// <summary>
    /// The object that holds the revision, to be noted with its uid and hash once the revision runs; null where that is noted already. A former version noted its name
    /// alone, which proves nothing: what has the hash of the record is the revision, whatever it is called.
    /// </summary>
    private OwnedRevision? OwnedBy(Change change, Transition? next, ObservedWorkload workload) =>
        change.OwnedUid is not null || !(next?.Phase is Phase.Running or Phase.Completed || change.Phase is Phase.Completed or Phase.Proven) ? null
            : LiveHistory.Of(workload, caches).FirstOrDefault(r => r.TemplateHash == change.TemplateHash && r.Uid.Length > 0);

    private Approval? VetoOf(Change change, IReadOnlyList<SafeguardPolicy> policies) =>
        StandingVotes.Veto(
            change,
            VotesOn(change.Workload),
            policies,
            time.GetUtcNow(),
            HashTranslation.Of(caches).Changes(caches.Changes.Under(ClusterCaches.WorkloadKey(change.Workload))));

    private IReadOnlyList<Approval> VotesOn(WorkloadRef workload) =>
        HashTranslation.Of(caches).Approvals(caches.Approvals.Under(ClusterCaches.WorkloadKey(workload)));

    private async Task<ObservedWorkload?> FindAsync(Change change, CancellationToken cancel)
    {
        var workload = change.Workload;
        if (caches.WorkloadsOf(workload) is not null)
        {
            return caches.FindWorkload(workload);
        }

        // Pods are too many to be watched, and custom kinds may not exist; the few that are needed are asked for until they have come up.
        if (change.Phase is not (Phase.Admitted or Phase.Running))
        {
            return null;
        }

        if (workload is not { ApiGroup: "", Kind: "Pod" })
        {
            return await custom.FindAsync(workload, cancel);
        }

        using var pod = await api.FindAsync($"api/v1/namespaces/{workload.Namespace}/pods/{workload.Name}", cancel);
        return pod is null ? null : ObservedWorkload.Read(pod.RootElement, "v1", "Pod", caches.Reader);
    }

    private bool IsComplete(ObservedWorkload live) => live.IsComplete
        || (live.Ref.Kind == "CronJob" && caches.OwnedBy(live, "Job").Any(job => job.IsComplete && job.TemplateHash == live.TemplateHash));
}
