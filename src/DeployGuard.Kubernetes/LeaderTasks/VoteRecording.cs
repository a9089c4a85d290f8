using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Shows each vote on its Changes as soon as it is cast or withdrawn: what it counts for, what the Change still waits for, and an Event for
/// the requester. Decisions read the votes themselves.
/// </summary>
internal sealed class VoteRecording(
    ApiConnection api,
    ClusterCaches caches,
    ChangeWriter writer,
    EventWriter events,
    TimeProvider time,
    ILogger logger
) : ILeaderTask
{
    /// <summary>An older definition of Change drops fields of votes: the same record is written again only after so long.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(1);

    /// <summary>An Event about an older vote is no news.</summary>
    private static readonly TimeSpan s_news = TimeSpan.FromMinutes(2);

    /// <summary>A vote that was to be deleted, and exists after so long, was not withdrawn.</summary>
    private static readonly TimeSpan s_deletionTakes = TimeSpan.FromSeconds(30);

    private const int MaxRemembered = 10_000;

    private readonly Dictionary<string, (string What, DateTimeOffset At)> _written = [];
    private readonly HashSet<string> _told = [];

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
                await TryRecordAsync(change, [.. votes.Where(v => IsVoteOn(v, change))], tallies, cancel);
            }
        }
    }

    /// <summary>A Change that cannot be written does not keep the others from being recorded.</summary>
    private async Task TryRecordAsync(
        Change change,
        IReadOnlyList<Approval> votes,
        IReadOnlyList<PolicyTally> tallies,
        CancellationToken cancel
    )
    {
        try
        {
            await RecordAsync(change, votes, tallies, cancel);
        }
        catch (ApiException refused)
        {
            logger.LogWarning("the votes on {Change} cannot be recorded: {Fault}", change.Name, refused.Message);
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
        var differing = votes
            .Select(v => (Vote: v, Known: change.Votes.FirstOrDefault(k => k.IsOf(v))))
            .Where(v => v.Known is not null || change.Votes.Count < VoteStatus.MaxVotes)
            .Where(v => Differs(v.Known, v.Vote, tallies, now))
            .Select(v => v.Vote)
            .ToList();
        var gone = await GoneAsync(change, votes, cancel);
        var open = OpenRequirements.Of(tallies, change.Denials);
        var missing = MissingOf(change, open);
        var isCurrent = change.Missing == missing && (!AwaitsAnswer(change) || change.IsApproved == open.IsApproved);
        var what = $"{missing} {string.Join(' ', differing.Select(v => v.Name))} {string.Join(' ', gone.Select(v => v.Name))}";
        if ((differing.Count > 0 || gone.Count > 0 || !isCurrent) && !WasJustWritten(change, what, now))
        {
            await writer.AlterAsync(change, Alter, cancel);
        }

        foreach (var vote in votes.Where(v => now - v.CreatedAt < s_news && _told.Add($"{KeyOf(change)}/{v.Name}/{v.CreatedAt:s}")))
        {
            await TellAsync(change, VoteEvent.Cast(vote, change, missing), cancel);
        }

        var withdrawn = gone.Where(v => v.Counts.Count > 0).Concat(change.Votes.Where(v => v.WithdrawnAt is { } at && now - at < s_news));
        foreach (var vote in withdrawn.Where(v => _told.Add($"{KeyOf(change)}/{v.Name}/{v.At:s}/withdrawn")))
        {
            await TellAsync(change, VoteEvent.Withdrawn(vote, change, missing), cancel);
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
                VoteStatus.Withdraw(status, vote.Name, vote.At, null, now);
            }

            if (AwaitsAnswer(change))
            {
                VoteStatus.SetOpen(status, open, now);
            }

            JsonWriting.SetOrRemove(status, "missing", missing);
            return true;
        }
    }

    /// <summary>
    /// Recorded votes that do not exist any more. A request may have recorded one that the watch has not brought yet, so each is read.
    /// </summary>
    private async Task<IReadOnlyList<RecordedVote>> GoneAsync(Change change, IReadOnlyList<Approval> votes, CancellationToken cancel)
    {
        var gone = new List<RecordedVote>();
        foreach (var vote in change.Votes.Where(k => !k.IsGone && !votes.Any(k.IsOf)))
        {
            using var found = await api.FindAsync(ApiPaths.One(ApiPaths.Approvals(change.Workload.Namespace), vote.Name), cancel);
            if (found is null || found.RootElement.GetProperty("metadata").Time("creationTimestamp") != vote.At)
            {
                gone.Add(vote);
            }
        }

        return gone;
    }

    private bool WasJustWritten(Change change, string what, DateTimeOffset now)
    {
        var key = KeyOf(change);
        if (_written.TryGetValue(key, out var last) && last.What == what && now - last.At < s_again)
        {
            return true;
        }

        if (_written.Count > MaxRemembered)
        {
            _written.Clear();
            _told.Clear();
        }

        _written[key] = (what, now);
        return false;
    }

    private static string KeyOf(Change change) => $"{change.Workload.Namespace}/{change.Name}";

    private static bool Differs(RecordedVote? known, Approval vote, IReadOnlyList<PolicyTally> tallies, DateTimeOffset now) =>
        known is null
        || (known.WithdrawnAt is { } at && now - at > s_deletionTakes)
        || (!known.IsGone && !known.Counts.SequenceEqual(tallies.Select(t => t.Explain(vote))));

    /// <summary>What it waits for; empty where nobody can do anything about it any more.</summary>
    private static string MissingOf(Change change, OpenRequirements open) =>
        change.IsUnreviewed && change.WasAdmitted ? OpenRequirements.Review
        : AwaitsAnswer(change) ? open.Missing
        : "";

    /// <summary>
    /// The last request was refused, and another one may pass. Also a completed revision, if its workload is to be created again.
    /// </summary>
    private static bool AwaitsAnswer(Change change) =>
        change.Phase is Phase.Pending or Phase.Rejected
        || (change is { HasOpenRequirements: true, IsUnreviewed: false } && change.Missing != OpenRequirements.Review && IsOngoing(change));

    private static bool IsOngoing(Change change) => change.Phase is Phase.Admitted or Phase.Running or Phase.Completed or Phase.Proven;

    private static bool IsOpen(Change change) =>
        change.HasOpenRequirements || change.IsUnreviewed || change.Phase is Phase.Pending or Phase.Rejected;

    private static bool IsVoteOn(Approval vote, Change change) =>
        vote.Decision is not Decision.Withdraw && StandingVotes.IsAbout(vote, change);

    /// <summary>On the Change, and on the workload, where its developers look.</summary>
    private async Task TellAsync(Change change, VoteEvent said, CancellationToken cancel)
    {
        var workload = caches.FindWorkload(change.Workload);
        EventSubject[] subjects =
        [
            EventSubject.OfChange(change.Workload.Namespace, change.Name, change.Uid),
            EventSubject.Of(change.Workload, workload?.Uid ?? ""),
        ];
        foreach (var subject in subjects)
        {
            await events.WriteAsync(new EventEntry(subject, said.IsWarning, said.Reason, said.Message), cancel);
        }
    }
}
