using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// Bounds how many Changes may wait at once. Every person has places of their own: a flood of others takes none of them. The service
/// accounts of one namespace share theirs, because any number of them can be made there.
/// </summary>
internal sealed class Inbox(ResourceCache<Change> changes, ResourceCache<Approval> votes, TimeProvider time)
{
    /// <summary>Of one requester for one workload; waiting.</summary>
    private const int MaxOfWorkload = 10;

    /// <summary>Of all service accounts of one namespace for one workload; waiting.</summary>
    private const int MaxOfAccounts = 40;

    /// <summary>Of one user, or of all service accounts of one namespace, in the namespace of the workload; waiting.</summary>
    private const int MaxOfNamespace = 200;

    /// <summary>The same, with those that were rejected or withdrawn or have expired, and are kept for a while.</summary>
    private const int MaxKept = 1000;

    /// <summary>How far back a vote by hash looks: at least as long as an unanswered Change is kept.</summary>
    private static readonly TimeSpan s_kept = TimeSpan.FromDays(14);

    /// <summary>Whether a Change may be created; true also for one that exists.</summary>
    public bool HasRoom(WorkloadRef workload, string name, string requester)
    {
        var siblings = changes.Under(ChangeIndex.OfWorkload(workload));
        if (siblings.Any(c => c.Name == name))
        {
            return true;
        }

        // A rejection gives the place back: approvers empty the inbox with it. A request that they withdrew waits for others, if they
        // requested the same.
        bool Waits(Change change) => change.Phase is Phase.Pending && !HasWithdrawn(change, requester);
        var home = Requester.ServiceAccountNamespace(requester);
        bool IsOfTheirs(Change change) =>
            home is null ? change.Requesters.Contains(requester) : change.Requesters.Any(r => Requester.ServiceAccountNamespace(r) == home);
        var theirs = changes.Under(ChangeIndex.NeverAdmitted(workload.Namespace)).Where(IsOfTheirs).ToList();
        return siblings.Count(c => c.Requesters.Contains(requester) && Waits(c)) < MaxOfWorkload
            && (home is null || siblings.Count(c => IsOfTheirs(c) && Waits(c)) < MaxOfAccounts)
            && theirs.Count(Waits) < MaxOfNamespace
            && theirs.Count < MaxKept;
    }

    /// <summary>
    /// Whether requests of a user for a workload may be missing on record, because the user filled their places within the time for which
    /// Changes are kept. A Change that was admitted or ended since took a place, too.
    /// </summary>
    public bool MayLack(WorkloadRef workload, string requester)
    {
        var since = time.GetUtcNow() - s_kept;
        bool IsOfTheirs(Change change) =>
            change.Requesters.Contains(requester) && (change.LastRequestedAt == default || change.LastRequestedAt >= since);
        return changes.Under(ChangeIndex.OfWorkload(workload)).Count(IsOfTheirs) >= MaxOfWorkload
            || changes.Under(ChangeIndex.OfNamespace(workload.Namespace)).Count(IsOfTheirs) >= MaxOfNamespace;
    }

    private bool HasWithdrawn(Change change, string requester) =>
        votes
            .Under(ClusterCaches.WorkloadKey(change.Workload))
            .Any(v => v.Approver.Username == requester && ChangeLifecycle.IsWithdrawalOf(change, v));
}
