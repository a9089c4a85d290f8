using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Shows each vote on its Changes as soon as it is cast or withdrawn: what it counts for, what the Change still waits for, and an Event for
/// the requester. Decisions read the votes themselves.
/// </summary>
internal sealed class VoteRecording(ClusterCaches caches, ChangeWriter writer, EventWriter events, TimeProvider time) : ILeaderTask
{
    /// <summary>A vote that was to be deleted, and exists after so long, was not withdrawn.</summary>
    private static readonly TimeSpan s_deletionTakes = TimeSpan.FromSeconds(30);

    public string Name => "recording of votes";

    public async Task RunAsync(CancellationToken cancel)
    {
        var translation = caches.Translation;
        foreach (var workload in caches.Changes.All().Select(translation.Change).GroupBy(c => c.Workload))
        {
            var votes = translation.Approvals(caches.Approvals.Under(ClusterCaches.WorkloadKey(workload.Key)));
            var siblings = workload.ToList();
            var concerned = siblings.Where(c => IsOpen(c) || c.Votes.Any(v => !v.IsGone) || votes.Any(v => IsVoteOn(v, c))).ToList();
            if (concerned.Count == 0)
            {
                continue;
            }

            var policies = caches.PoliciesOf(workload.Key.Namespace);
            var runs = caches.FindWorkload(workload.Key)?.TemplateHash ?? "";
            foreach (var change in concerned)
            {
                var tallies = PolicyTally.All(change, siblings, votes, policies, runs, time.GetUtcNow());
                await RecordAsync(change, [.. votes.Where(v => IsVoteOn(v, change))], tallies, cancel);
            }
        }
    }

    private async Task RecordAsync(
        Change change,
        IReadOnlyList<Approval> votes,
        IReadOnlyList<PolicyTally> tallies,
        CancellationToken cancel
    )
    {
        var now = time.GetUtcNow();
        var known = change.Votes.GroupBy(v => v.Name).ToDictionary(g => g.Key, g => g.First());
        var differing = votes.Where(v => Differs(known.GetValueOrDefault(v.Name), v, tallies, now)).ToList();
        var gone = change.Votes.Where(k => !k.IsGone && votes.All(v => v.Name != k.Name)).ToList();
        var open = OpenRequirements.Of(tallies, change.Denials);
        var missing = MissingOf(change, open);
        var isCurrent = change.Missing == missing && (!AwaitsAnswer(change) || change.IsApproved == open.IsApproved);
        if (differing.Count == 0 && gone.Count == 0 && isCurrent)
        {
            return;
        }

        var uid = await writer.AlterAsync(change, Alter, cancel);
        if (uid.Length == 0)
        {
            return;
        }

        foreach (var vote in differing.Where(v => !known.ContainsKey(v.Name)))
        {
            await TellAsync(change, uid, VoteEvent.Cast(vote, change, missing), cancel);
        }

        foreach (var vote in gone)
        {
            await TellAsync(change, uid, VoteEvent.Withdrawn(vote, change, missing), cancel);
        }

        bool Alter(JsonObject status)
        {
            // A request may have changed the phase since it was cached; the next round sees that.
            if ((string?)status["phase"] != change.Phase.ToString())
            {
                return false;
            }

            foreach (var vote in differing)
            {
                VoteStatus.Record(status, vote, [.. tallies.Select(t => t.Explain(vote))]);
            }

            foreach (var vote in gone)
            {
                VoteStatus.Withdraw(status, vote.Name, null, now);
            }

            if (AwaitsAnswer(change))
            {
                VoteStatus.SetOpen(status, open, now);
            }

            JsonWriting.SetOrRemove(status, "missing", missing);
            return true;
        }
    }

    private static bool Differs(RecordedVote? known, Approval vote, IReadOnlyList<PolicyTally> tallies, DateTimeOffset now) =>
        known is null
        || (known.WithdrawnAt is { } at && now - at > s_deletionTakes)
        || (!known.IsGone && !known.Counts.SequenceEqual(tallies.Select(t => t.Explain(vote))));

    /// <summary>What it waits for; empty where nobody can do anything about it any more.</summary>
    private static string MissingOf(Change change, OpenRequirements open) =>
        change.IsUnreviewed && change.WasAdmitted ? VoteStatus.Review
        : AwaitsAnswer(change) ? open.Missing
        : "";

    /// <summary>
    /// The last request was refused, and another one may pass. Also a completed revision, if its workload is to be created again.
    /// </summary>
    private static bool AwaitsAnswer(Change change) =>
        change.Phase is Phase.Pending or Phase.Rejected
        || (change is { HasOpenRequirements: true, IsUnreviewed: false } && change.Missing != VoteStatus.Review && IsOngoing(change));

    private static bool IsOngoing(Change change) => change.Phase is Phase.Admitted or Phase.Running or Phase.Completed or Phase.Proven;

    private static bool IsOpen(Change change) =>
        change.HasOpenRequirements || change.IsUnreviewed || change.Phase is Phase.Pending or Phase.Rejected;

    private static bool IsVoteOn(Approval vote, Change change) =>
        vote.Decision is not Decision.Withdraw && StandingVotes.IsAbout(vote, change);

    /// <summary>On the Change, and on the workload, where its developers look.</summary>
    private async Task TellAsync(Change change, string uid, VoteEvent said, CancellationToken cancel)
    {
        var workload = caches.FindWorkload(change.Workload);
        EventSubject[] subjects =
        [
            EventSubject.OfChange(change.Workload.Namespace, change.Name, uid),
            EventSubject.Of(change.Workload, workload?.Uid ?? ""),
        ];
        foreach (var subject in subjects)
        {
            await events.WriteAsync(new EventEntry(subject, said.IsWarning, said.Reason, said.Message), cancel);
        }
    }
}

/// <summary>The Event of a vote.</summary>
internal sealed record VoteEvent(bool IsWarning, string Reason, string Message)
{
    public static VoteEvent Cast(Approval vote, Change change, string missing)
    {
        var why = vote.Reason.Length > 0 ? $" ({vote.Reason})" : "";
        return vote.Decision is Decision.Reject
            ? new(true, "ChangeRejected", $"{vote.Approver.Username} rejected {change.Name}{why}")
            : new(false, "ChangeApproved", $"{vote.Approver.Username} approved {change.Name}{why}{Rest(missing)}");
    }

    public static VoteEvent Withdrawn(RecordedVote vote, Change change, string missing) =>
        new(true, "VoteWithdrawn", $"changeapproval {vote.Name} on {change.Name} was withdrawn{Rest(missing)}");

    private static string Rest(string missing) => missing.Length > 0 ? $"; missing: {missing}" : "";
}
