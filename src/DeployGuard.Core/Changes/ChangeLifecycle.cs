using DeployGuard.Core.Approvals;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>
/// The transitions of a Change that the leader makes by observing the workload. Pending and Admitted are set when a request is answered.
/// </summary>
public static class ChangeLifecycle
{
    /// <summary>After so long without another request, a Change leaves the approvers' inbox.</summary>
    public static readonly TimeSpan PendingExpiry = TimeSpan.FromDays(7);

    /// <summary>An admitted revision that does not run by then was not stored by the API server, or is no longer wanted.</summary>
    public static readonly TimeSpan StartDeadline = TimeSpan.FromHours(1);

    /// <summary>Where no canary is required, a revision is proven after it was available for so long without interruption.</summary>
    public static readonly TimeSpan Soak = TimeSpan.FromMinutes(10);

    /// <param name="veto">A veto that counts now; null if there is none.</param>
    /// <param name="criteria">The criteria for the phase Proven.</param>
    /// <param name="end">Why nobody waits for the request any more, from <see cref="EndOf"/>; null if somebody does.</param>
    /// <returns>Null to stay in the phase.</returns>
    public static Transition? Next(
        Change change,
        Observation live,
        Approval? veto,
        PromotionCriteria criteria,
        DateTimeOffset now,
        Transition? end = null
    ) =>
        change.Phase switch
        {
            // Admitted, then requested again and refused before the first request had taken effect.
            Phase.Pending or Phase.Rejected or Phase.Expired or Phase.Withdrawn when change.WasAdmitted && live.Runs(change.TemplateHash) =>
                Seen(live),
            Phase.Pending or Phase.Rejected when end?.Phase is Phase.Withdrawn => end,
            Phase.Pending when end is not null => end,
            Phase.Pending when veto is not null => new(
                Phase.Rejected,
                "Vetoed",
                new Rejection(veto.Approver.Username, veto.Reason).ToString()
            ),
            Phase.Pending when now - Later(change.LastRequestedAt, change.Since) >= PendingExpiry => new(
                Phase.Expired,
                "NotAskedAgain",
                "no request in 7 days"
            ),
            Phase.Rejected when veto is null => new(Phase.Pending, "VetoLifted", "the veto was withdrawn, or has expired"),
            Phase.Rejected when now - Later(change.LastRequestedAt, change.Since) >= PendingExpiry => new(
                Phase.Expired,
                "NotAskedAgain",
                "no request in 7 days"
            ),
            Phase.Admitted when live.Runs(change.TemplateHash) => Seen(live),
            Phase.Admitted when now - change.Since >= StartDeadline => new(
                Phase.Expired,
                "NeverRan",
                "admitted, but not seen in the workload within an hour"
            ),
            Phase.Running when live.Runs(change.TemplateHash) => live.IsComplete ? Seen(live) : null,
            Phase.Running when live.IsGone(change.TemplateHash) => new(
                Phase.Expired,
                "Superseded",
                "another revision took its place before it ran on all pods"
            ),
            Phase.Completed
                when veto is null
                    && !change.IsUnreviewed
                    && criteria.HoldsAllSteps
                    && live.Runs(change.TemplateHash)
                    && change.AvailableSince is { } since
                    && now - since >= criteria.Soak => new(
                Phase.Proven,
                "Soaked",
                $"{(criteria.IsByCanary ? "held every step, and " : "")}available on all pods for "
                    + $"{Durations.Show(criteria.Soak)} without interruption"
            ),
            Phase.Pending
            or Phase.Admitted
            or Phase.Running
            or Phase.Completed
            or Phase.Proven
            or Phase.Rejected
            or Phase.Expired
            or Phase.Withdrawn => null,
            _ => throw new InvalidOperationException($"unknown phase {change.Phase}"),
        };

    /// <summary>
    /// Why nobody waits for a requested revision any more: a requester withdrew it, or a newer revision completed. Null otherwise.
    /// </summary>
    /// <param name="siblings">All Changes of the workload.</param>
    /// <param name="votes">All votes on the workload.</param>
    public static Transition? EndOf(Change change, IEnumerable<Change> siblings, IEnumerable<Approval> votes)
    {
        var asked = Later(change.LastRequestedAt, change.Since);
        if (WithdrawalOf(change, votes) is { } withdrawal)
        {
            var why = withdrawal.Reason.Length > 0 ? $": {withdrawal.Reason}" : "";
            return new(Phase.Withdrawn, "WithdrawnByRequester", $"{withdrawal.Approver.Username} withdrew the request{why}");
        }

        // A rollout that was requested before, and completes only now, is not newer.
        return
            siblings.FirstOrDefault(s =>
                s.TemplateHash != change.TemplateHash && !s.Adopted && s.CompletedAt > asked && s.FirstRequestedAt > asked
            )
                is { } newer
            ? new(Phase.Expired, "Superseded", $"{newer.Name} was requested later and runs on all pods")
            : null;
    }

    /// <summary>
    /// The last withdrawal, if every person who requested the revision withdrew it after their last request: nobody ends the request of
    /// another person by requesting the same. Null otherwise. What only machines requested, one of them withdraws. Requests have exact
    /// times. A withdrawal without a stamp has whole seconds, cut off: in the second of a request it does not count, because the request
    /// may be the later one.
    /// </summary>
    private static Approval? WithdrawalOf(Change change, IEnumerable<Approval> votes)
    {
        var withdrawals = votes.Where(v => change.Requesters.Contains(v.Approver.Username) && IsWithdrawalOf(change, v)).ToList();
        var people = change.Requesters.Where(r => !Requester.IsMachineName(r)).ToList();
        return people.TrueForAll(p => withdrawals.Exists(w => w.Approver.Username == p))
            ? withdrawals.FindLast(w => w.CastAt >= change.LastRequestedAt)
            : null;
    }

    /// <summary>Whether a vote withdraws the request of its voter: they sent none afterwards.</summary>
    public static bool IsWithdrawalOf(Change change, Approval vote) =>
        vote.Decision is Decision.Withdraw
        && change.HasHash(vote.TemplateHash)
        && vote.CastAt >= change.LastRequests.GetValueOrDefault(vote.Approver.Username);

    private static Transition Seen(Observation live) =>
        live.IsComplete
            ? new(Phase.Completed, "Available", "available on all desired pods")
            : new(Phase.Running, "Seen", "seen in the workload");

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

/// <summary>The next phase, with the reason and message of its condition: a CamelCase word and a sentence.</summary>
public sealed record Transition(Phase Phase, string Reason, string Message);

/// <summary>The criteria for a proven revision, and whether its steps meet them.</summary>
/// <param name="IsByCanary">A policy requires a canary: time alone is not enough.</param>
/// <param name="HoldsAllSteps">Every step of every required canary is held; true if none is required.</param>
/// <param name="Soak">How long it must be available on all its pods after that.</param>
public sealed record PromotionCriteria(bool IsByCanary, bool HoldsAllSteps, TimeSpan Soak)
{
    public static readonly PromotionCriteria Time = new(false, true, ChangeLifecycle.Soak);
}

/// <summary>The observed state of a workload.</summary>
/// <param name="TemplateHash">Of the template in its spec; empty if the workload is deleted.</param>
/// <param name="IsObserved">Its controller has seen the newest spec.</param>
/// <param name="IsComplete">It runs that template on all desired pods, at least one, available.</param>
public sealed record Observation(string TemplateHash, bool IsObserved, bool IsComplete)
{
    public static readonly Observation Nothing = new("", true, false);

    public bool Runs(string hash) => IsObserved && TemplateHash == hash;

    public bool IsGone(string hash) => IsObserved && TemplateHash != hash;
}
