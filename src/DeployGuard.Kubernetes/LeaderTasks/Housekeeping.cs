using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Removes records that no decision needs any more: votes that have expired, once the Change lists them; BreakGlasses that ended long ago;
/// Changes of revisions that a workload can no longer be rolled back to.
/// </summary>
internal sealed class Housekeeping(ApiConnection api, ClusterCaches caches, CustomWorkloads custom, ChangeWriter writer, TimeProvider time)
    : ILeaderTask
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_defaultMaxAge = TimeSpan.FromHours(72);
    private static readonly TimeSpan s_keepsBreakGlass = TimeSpan.FromDays(7);

    private DateTimeOffset _last;

    public string Name => "removal of expired records";

    public async Task RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (now - _last < s_interval)
        {
            return;
        }

        _last = now;
        await EachOfThem.DoAsync(Removals(now, cancel).ToList(), remove => remove());
    }

    private IEnumerable<Func<Task>> Removals(DateTimeOffset now, CancellationToken cancel)
    {
        foreach (var vote in caches.Approvals.All().Where(a => a.HasExpired(MaxAge(a.Workload.Namespace), now)))
        {
            yield return () => RemoveAsync(vote, cancel);
        }

        foreach (var glass in caches.BreakGlasses.All().Where(g => now - g.ExpiresAt >= s_keepsBreakGlass))
        {
            yield return () => api.DeleteAsync(ApiPaths.One(ApiPaths.BreakGlasses(glass.Namespace), glass.Name), cancel);
        }

        foreach (var changes in caches.Changes.All().Select(caches.Translation.Change).GroupBy(c => c.Workload))
        {
            yield return () => ForgetAsync(changes.Key, [.. changes], now, cancel);
        }

        foreach (
            var brief in caches
                .Changes.All()
                .Where(c => c.Workload.Type.IsShortLived && caches.FindWorkload(c.Workload) is null)
                .GroupBy(c => c.Workload.Namespace)
        )
        {
            yield return () => EachOfThem.DoAsync(Retention.Surplus([.. brief]), surplus => writer.DeleteAsync(surplus, cancel));
        }
    }

    private async Task ForgetAsync(WorkloadRef workload, IReadOnlyList<Change> changes, DateTimeOffset now, CancellationToken cancel)
    {
        var live = caches.FindWorkload(workload);
        if (live is null && Retention.Expendable(changes, null, 0, now).Any())
        {
            // Custom kinds are not watched: the workload may exist although no cache has it.
            live = await custom.FindAsync(workload, cancel);
        }

        foreach (var expendable in Retention.Expendable(changes, live?.TemplateHash, live?.HistoryLimit ?? 0, now))
        {
            await writer.DeleteAsync(expendable, cancel);
        }
    }

    private async Task RemoveAsync(Approval vote, CancellationToken cancel)
    {
        foreach (var change in caches.ChangesVotedOn(vote))
        {
            await writer.AlterAsync(change, status => MarkExpired(status, vote), cancel);
        }

        await api.DeleteAsync(ApiPaths.One(ApiPaths.Approvals(vote.Workload.Namespace), vote.Name), cancel);
    }

    private static bool MarkExpired(JsonObject status, Approval vote)
    {
        VoteStatus.Expire(status, vote);
        return true;
    }

    /// <summary>How long a vote counts at most under the policies of the namespace.</summary>
    private TimeSpan MaxAge(string @namespace) =>
        caches.PoliciesOf(@namespace).Select(p => p.Approval?.MaxAge).OfType<TimeSpan>().DefaultIfEmpty(s_defaultMaxAge).Max();
}
