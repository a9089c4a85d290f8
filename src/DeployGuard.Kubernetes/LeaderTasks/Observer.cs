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
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Moves Changes through the phases that are observed rather than requested: the API server may drop what was admitted, any client that
/// reaches the port can send a review, votes come and go, and time passes. Records reviews of break-glass uses.
/// </summary>
internal sealed class Observer(
    ApiConnection api,
    ClusterCaches caches,
    CustomWorkloads custom,
    CanaryWatch canaries,
    ChangeWriter writer,
    EventWriter events,
    TimeProvider time
) : ILeaderTask
{
    public string Name => "observation of changes";

    public async Task RunAsync(CancellationToken cancel)
    {
        var translation = caches.Translation;
        var namespaces = caches.Changes.All().Select(translation.Change).GroupBy(c => c.Workload.Namespace).ToList();
        canaries.KeepOnly(namespaces.Select(n => n.Key));
        await EachOfThem.DoAsync(namespaces, n => ObserveAsync(n.Key, [.. n], cancel));
    }

    private async Task ObserveAsync(string @namespace, IReadOnlyList<Change> changes, CancellationToken cancel)
    {
        var policies = caches.PoliciesOf(@namespace);
        var standings = canaries.StandingsIn(@namespace, policies).ToLookup(s => s.Workload);
        var vetoed = changes.Where(c => VetoOf(c, policies) is not null).ToList();
        await EachOfThem.DoAsync(
            changes,
            change =>
                ObserveAsync(
                    change,
                    vetoed,
                    policies,
                    [.. standings[change.Workload].Where(s => s.TemplateHash == change.TemplateHash)],
                    cancel
                )
        );
    }

    private async Task ObserveAsync(
        Change change,
        IReadOnlyList<Change> vetoed,
        IReadOnlyList<SafeguardPolicy> policies,
        IReadOnlyList<PoolStanding> standings,
        CancellationToken cancel
    )
    {
        var now = time.GetUtcNow();
        var approvals = VotesOn(change.Workload);
        var rejecting = StandingVotes.Review(change, approvals, policies, Decision.Reject);
        var workload = change.WasAdmitted ? await FindAsync(change, rejecting is not null, cancel) : null;
        // A workload that is not watched is known only now.
        change = workload is null ? change : new HashTranslation(_ => LiveTemplates.Of(workload, [])).Change(change);
        var live = workload is null
            ? Observation.Nothing
            : new Observation(workload.HashLike(change.TemplateHash), workload.IsObserved, IsComplete(workload));
        var veto = VetoOf(change, policies);
        var end = change.Phase is Phase.Pending or Phase.Rejected ? ChangeLifecycle.EndOf(change, SiblingsOf(change), approvals) : null;
        var next = ChangeLifecycle.Next(change, live, veto, CanaryPromotion.Of(change, policies, standings, now), now, end);
        // A revision that has just completed serves from now on; a rollback to it may reach as many pods.
        var canary = CanaryStatus.Next(
            next is null ? change : change with { Phase = next.Phase },
            change.WasAdmitted ? standings : [],
            RevokedSteps.Of(change, vetoed, policies),
            now
        );
        var isProgress = canary.Differs(change);
        var completed =
            live.Runs(change.TemplateHash) && live.IsComplete && workload is not null && workload.Spec.Replicas > change.CompletedPods
                ? workload.Spec.Replicas
                : 0;
        var isAvailable = live.Runs(change.TemplateHash) && live.IsComplete;
        var availability =
            (change.Phase is Phase.Completed || next?.Phase is Phase.Completed) && isAvailable != change.AvailableSince is not null;
        var rejection = change.BreakGlassUses.Count > 0 ? ReviewVetoOf(change, approvals, policies, now) : null;
        // A rejection is a review once what was rejected is replaced.
        var review =
            rejecting is not null ? (live.IsGone(change.TemplateHash) ? rejecting : null)
            : rejection is null ? StandingVotes.Review(change, approvals, policies)
            : null;
        var isRejected = rejection is not null && change.BreakGlassUses.Any(u => u.IsApproved);
        var owned = workload is null ? null : OwnedBy(change, next, workload);
        if (next is null && !availability && review is null && !isRejected && !isProgress && completed == 0 && owned is null)
        {
            return;
        }

        var uid = await writer.AlterAsync(change, status => Alter(status), cancel);
        if (next is not null && uid.Length > 0)
        {
            var about = EventSubject.OfChange(change.Workload.Namespace, change.Name, uid);
            await events.WriteAsync(
                new EventEntry(about, next.Phase is Phase.Rejected or Phase.Expired or Phase.Withdrawn, next.Reason, next.Message),
                cancel
            );
        }

        bool Alter(JsonObject status)
        {
            // A request may have changed the phase since it was cached: the stored phase decides.
            if ((string?)status["phase"] != change.Phase.ToString())
            {
                return false;
            }

            var altered = next is not null && ChangeStatus.Move(status, next, now);
            if (next is { Phase: Phase.Expired or Phase.Withdrawn } && !change.WasAdmitted)
            {
                VoteStatus.SetEnded(status, next, now);
            }

            if (owned is not null)
            {
                ChangeStatus.SetOwned(status, owned);
                altered = true;
            }

            if (availability)
            {
                altered |= ChangeStatus.Set(
                    status,
                    ChangeReader.AvailableCondition,
                    isAvailable,
                    isAvailable ? "AllPods" : "FewerPods",
                    isAvailable ? "all desired pods are available" : "not all desired pods are available, or another revision runs",
                    now
                );
            }

            if (isProgress)
            {
                canary.WriteTo(status);
            }

            if (completed > 0)
            {
                status["completedPods"] = completed;
            }

            if (isRejected && rejection is not null)
            {
                Reviews.Reject(status, new Rejection(rejection.Approver.Username, rejection.Reason), now);
            }

            return (review is not null && Reviews.Record(status, review, now)) || isRejected || altered || isProgress || completed > 0;
        }
    }

    /// <summary>
    /// The object that holds the revision, to be recorded with its uid and hash once the revision runs; null if it is recorded already. A
    /// former version recorded only the name, which can be reused: the object with the recorded hash holds the revision, whatever its name.
    /// </summary>
    private OwnedRevision? OwnedBy(Change change, Transition? next, ObservedWorkload workload) =>
        change.OwnedUid is not null || !(next?.Phase is Phase.Running or Phase.Completed || change.Phase is Phase.Completed or Phase.Proven)
            ? null
            : KeptRevisions.Of(workload, caches).FirstOrDefault(r => r.TemplateHash == change.TemplateHash && r.Uid.Length > 0);

    private Approval? VetoOf(Change change, IReadOnlyList<SafeguardPolicy> policies) =>
        StandingVotes.StoppingVeto(
            change,
            VotesOn(change.Workload),
            policies,
            time.GetUtcNow(),
            SiblingsOf(change),
            caches.FindWorkload(change.Workload)?.Spec.Labels
        );

    /// <summary>A veto beside which no review counts.</summary>
    private Approval? ReviewVetoOf(
        Change change,
        IReadOnlyList<Approval> approvals,
        IReadOnlyList<SafeguardPolicy> policies,
        DateTimeOffset now
    ) => StandingVotes.Veto(change, approvals, [.. policies.Where(p => p.Enforces(now))], now, SiblingsOf(change));

    private IReadOnlyList<Change> SiblingsOf(Change change) =>
        caches.Translation.Changes(caches.Changes.Under(ClusterCaches.WorkloadKey(change.Workload)));

    private IReadOnlyList<Approval> VotesOn(WorkloadRef workload) =>
        caches.Translation.Approvals(caches.Approvals.Under(ClusterCaches.WorkloadKey(workload)));

    private async Task<ObservedWorkload?> FindAsync(Change change, bool isRejected, CancellationToken cancel)
    {
        var workload = change.Workload;
        if (caches.WorkloadsOf(workload) is not null)
        {
            return caches.FindWorkload(workload);
        }

        // There are too many pods to watch, and custom kinds may not exist: the few that are needed are read until they are complete.
        if (!isRejected && change.Phase is not (Phase.Admitted or Phase.Running))
        {
            return null;
        }

        if (!workload.Type.IsItsOwnTemplate)
        {
            return await custom.FindAsync(workload, cancel);
        }

        using var pod = await api.FindAsync(ApiPaths.One(ApiPaths.Pods(workload.Namespace), workload.Name), cancel);
        return pod is null
            ? null
            : ObservedWorkload.Read(pod.RootElement, BuiltInKinds.Pod.ApiVersion, BuiltInKinds.Pod.Name, caches.Reader);
    }

    private bool IsComplete(ObservedWorkload live) =>
        live.IsComplete
        || (
            live.Ref.Type.RunsOnSchedule
            && caches.OwnedBy(live, BuiltInKinds.Job).Any(job => job.IsComplete && job.TemplateHash == live.TemplateHash)
        );
}
