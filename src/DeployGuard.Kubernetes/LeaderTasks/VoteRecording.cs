using System.Text.Json;
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

    /// <summary>A Change that others write all the time is left to the next round.</summary>
    private static readonly TimeSpan s_writeTimeout = TimeSpan.FromSeconds(5);

    private const int MaxRemembered = 10_000;

    /// <summary>Changes that are written side by side: one that takes long does not delay the others.</summary>
    private const int Workers = 4;

    private readonly RecentKeys _written = new(s_again, MaxRemembered);
    private readonly VoteNews _news = new(caches, events);

    public string Name => "recording of votes";

    public Task RunAsync(CancellationToken cancel) =>
        Parallel.ForEachAsync(
            Due(),
            new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = cancel },
            async (due, token) => await TryRecordAsync(due.Record, due.Votes, token)
        );

    /// <summary>The Changes that wait for something, or list votes, or are voted on.</summary>
    private List<(VoteRecord Record, IReadOnlyList<Approval> Votes)> Due()
    {
        var translation = caches.Translation;
        var due = new List<(VoteRecord, IReadOnlyList<Approval>)>();
        foreach (var workload in caches.Changes.All().Select(translation.Change).GroupBy(c => c.Workload))
        {
            var votes = translation.Approvals(caches.Approvals.Under(ClusterCaches.WorkloadKey(workload.Key)));
            var siblings = workload.ToList();
            var concerned = siblings
                .Where(c => VoteRecord.IsOpen(c) || c.Votes.Any(v => !v.IsGone) || votes.Any(v => IsVoteOn(v, c)))
                .ToList();
            if (concerned.Count > 0)
            {
                due.AddRange(Records(concerned, siblings, votes));
            }
        }

        return due;
    }

    private IEnumerable<(VoteRecord, IReadOnlyList<Approval>)> Records(
        List<Change> concerned,
        List<Change> siblings,
        IReadOnlyList<Approval> votes
    )
    {
        var now = time.GetUtcNow();
        var workload = concerned[0].Workload;
        var policies = caches.PoliciesOf(workload.Namespace);
        var live = caches.FindWorkload(workload);
        var runs = live?.TemplateHash ?? "";
        foreach (var change in concerned)
        {
            var deciding = StandingVotes.Deciding(change, policies, now, live?.Spec.Labels);
            var tallies = PolicyTally.All(change, siblings, votes, deciding, runs, now);
            var open = StandingRequirements.Of(
                StandingVotes.WithPresentDenials(change, policies, now),
                siblings,
                votes,
                deciding,
                runs,
                now
            );
            var veto = VoteRecord.IsOngoing(change) ? StandingVotes.StoppingVeto(change, votes, policies, now, siblings) : null;
            IReadOnlyList<Approval> own = [.. votes.Where(v => IsVoteOn(v, change))];
            var review = StandingVotes.Review(change, votes, policies, Decision.Reject);
            review ??= veto is null ? StandingVotes.Review(change, votes, policies) : null;
            yield return (VoteRecord.Of(change, own, v => [.. tallies.Select(t => t.Explain(v))], open, runs, now, veto, review), own);
        }
    }

    /// <summary>A Change that cannot be written does not keep the others from being recorded.</summary>
    private async Task TryRecordAsync(VoteRecord record, IReadOnlyList<Approval> votes, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(s_writeTimeout, time);
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        try
        {
            await RecordAsync(record, votes, cap.Token);
        }
        catch (Exception fault) when (fault is ApiException || (fault is OperationCanceledException && timeout.IsCancellationRequested))
        {
            logger.LogWarning("the votes on {Change} cannot be recorded: {Fault}", record.Change.Name, fault.Message);
        }
    }

    private async Task RecordAsync(VoteRecord record, IReadOnlyList<Approval> votes, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var change = record.Change;
        var gone = await GoneAsync(record, cancel);
        record = record.Without(gone, now);
        var (key, writes) = ($"{change.Workload.Namespace}/{change.Name}", record.Writes(gone));
        if (writes.Length > 0 && _written.TryAdd(key, writes, now))
        {
            var isStored = false;
            try
            {
                var isWritten = false;
                await writer.AlterAsync(change, status => isWritten = record.WriteTo(status, gone, now), cancel);
                isStored = isWritten;
            }
            finally
            {
                if (!isStored)
                {
                    _written.Remove(key);
                }
            }
        }

        await _news.TellAsync(record, votes, gone, now, cancel);
    }

    /// <summary>
    /// Recorded votes that do not exist any more. A request may have recorded one that the watch has not brought yet, so each is read.
    /// </summary>
    private async Task<IReadOnlyList<RecordedVote>> GoneAsync(VoteRecord record, CancellationToken cancel)
    {
        var gone = new List<RecordedVote>();
        foreach (var vote in record.Absent)
        {
            using var found = await api.FindAsync(ApiPaths.One(ApiPaths.Approvals(record.Change.Workload.Namespace), vote.Name), cancel);
            if (found is null || !IsOf(found.RootElement.GetProperty("metadata"), vote))
            {
                gone.Add(vote);
            }
        }

        return gone;
    }

    /// <summary>Whether it is the object of a recorded vote. One that only a finalizer holds was withdrawn.</summary>
    private static bool IsOf(JsonElement metadata, RecordedVote vote) =>
        !metadata.TryGetProperty("deletionTimestamp", out _)
        && metadata.Time("creationTimestamp") is { } created
        && vote.IsOf(vote.Name, metadata.TryGetProperty("uid", out var uid) ? uid.GetString() ?? "" : "", created);

    private static bool IsVoteOn(Approval vote, Change change) =>
        vote.Decision is not Decision.Withdraw && StandingVotes.IsAbout(vote, change);
}
