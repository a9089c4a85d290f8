using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>Tells each vote and each withdrawal once: by an Event on the Change, and on the workload, where its developers look.</summary>
internal sealed class VoteNews(ClusterCaches caches, EventWriter events)
{
    /// <summary>An Event about an older vote is no news.</summary>
    private static readonly TimeSpan s_news = TimeSpan.FromMinutes(2);

    private const int MaxRemembered = 10_000;

    /// <summary>Longer than anything is news.</summary>
    private readonly RecentKeys _told = new(2 * s_news, MaxRemembered);

    /// <param name="votes">Those on the Change.</param>
    /// <param name="gone">Those that it lists and that were just found to be deleted.</param>
    public async Task TellAsync(
        VoteRecord record,
        IReadOnlyList<Approval> votes,
        IReadOnlyList<RecordedVote> gone,
        DateTimeOffset now,
        CancellationToken cancel
    )
    {
        var change = record.Change;
        foreach (var vote in votes.Where(v => now - v.CreatedAt < s_news && IsNew(change, v.Name, $"{v.Uid}/{v.CreatedAt:s}", now)))
        {
            await WriteAsync(change, VoteEvent.Cast(vote, change, record.Missing), cancel);
        }

        var withdrawn = gone.Where(v => v.Counts.Count > 0).Concat(change.Votes.Where(v => v.WithdrawnAt is { } at && now - at < s_news));
        foreach (var vote in withdrawn.Where(v => IsNew(change, v.Name, $"{v.Uid}/{v.At:s}/withdrawn", now)))
        {
            await WriteAsync(change, VoteEvent.Withdrawn(vote, change, record.Missing), cancel);
        }
    }

    private bool IsNew(Change change, string vote, string what, DateTimeOffset now) =>
        _told.TryAdd($"{change.Workload.Namespace}/{change.Name}/{vote}/{what}", "", now);

    private async Task WriteAsync(Change change, VoteEvent said, CancellationToken cancel)
    {
        var workload = caches.FindWorkload(change.Workload);
        EventSubject[] subjects =
        [
            EventSubject.OfChange(change.Workload.Namespace, change.Name, change.Uid),
            EventSubject.Of(change.Workload, workload?.Uid ?? ""),
        ];
        foreach (var subject in subjects)
        {
            await events.WriteAsync(new EventEntry(subject, said.IsWarning, said.Reason, said.Message) { Budget = said.Budget }, cancel);
        }
    }
}
