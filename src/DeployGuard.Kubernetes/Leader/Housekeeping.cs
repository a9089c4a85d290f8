using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Removes what no decision can rest on any more: votes that have expired, once the Change remembers them; permissions long over; Changes
/// beyond what a workload can go back to.
/// </summary>
internal sealed class Housekeeping(ApiConnection api, ClusterCaches caches, CustomWorkloads custom, ChangeWriter writer, TimeProvider time) : ILeaderTask
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_defaultMaxAge = TimeSpan.FromHours(72);
    private static readonly TimeSpan s_keepsBreakGlass = TimeSpan.FromDays(7);

    private DateTimeOffset _last;

    public string Name => "removal of what has expired";

    public async Task RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (now - _last < s_interval)
        {
            return;
        }

        foreach (var vote in caches.Approvals.All().Where(a => a.HasExpired(MaxAge(a.Workload.Namespace), now)))
        {
            await RemoveAsync(vote, cancel);
        }

        foreach (var glass in caches.BreakGlasses.All().Where(g => now - g.ExpiresAt >= s_keepsBreakGlass))
        {
            await api.DeleteAsync($"apis/deployguard.io/v1alpha1/namespaces/{glass.Namespace}/breakglasses/{glass.Name}", cancel);
        }

        foreach (var changes in caches.Changes.All().Select(HashTranslation.Of(caches).Change).GroupBy(c => c.Workload))
        {
            await ForgetAsync(changes.Key, [.. changes], now, cancel);
        }

        foreach (var brief in caches.Changes.All().Where(c => Retention.IsShortLived(c.Workload) && caches.FindWorkload(c.Workload) is null).GroupBy(c => c.Workload.Namespace))
        {
            foreach (var surplus in Retention.Surplus([.. brief]))
            {
                await writer.DeleteAsync(surplus, cancel);
            }
        }

        _last = now;
    }

    private async Task ForgetAsync(WorkloadRef workload, IReadOnlyList<Change> changes, DateTimeOffset now, CancellationToken cancel)
    {
        var live = caches.FindWorkload(workload);
        if (live is null && Retention.Expendable(changes, null, 0, now).Any())
        {
            // Custom kinds are not watched: what no cache has may run all the same.
            live = await custom.FindAsync(workload, cancel);
        }

        foreach (var expendable in Retention.Expendable(changes, live?.TemplateHash, live?.HistoryLimit ?? 0, now))
        {
            await writer.DeleteAsync(expendable, cancel);
        }
    }

    private async Task RemoveAsync(Approval vote, CancellationToken cancel)
    {
        var read = HashTranslation.Of(caches).Approvals([vote])[0].TemplateHash;
        foreach (var change in caches.Changes.Under(ClusterCaches.WorkloadKey(vote.Workload))
            .Where(c => vote.TemplateHash is { } hash ? c.IsNamed(hash) || c.TemplateHash == read : c.Images.Any(vote.Images.Contains)))
        {
            await writer.AlterAsync(change, status => MarkExpired(status, vote), cancel);
        }

        await api.DeleteAsync($"apis/deployguard.io/v1alpha1/namespaces/{vote.Workload.Namespace}/changeapprovals/{vote.Name}", cancel);
    }

    private static bool MarkExpired(JsonObject status, Approval vote)
    {
        ChangeDocument.AddApproval(status, vote);
        if (Json.List(status, "approvals").FirstOrDefault(a => (string?)a?["name"] == vote.Name) is JsonObject kept)
        {
            kept["expired"] = true;
        }

        return true;
    }

    /// <summary>The longest that any policy of the namespace lets a vote count.</summary>
    private TimeSpan MaxAge(string @namespace) =>
        caches.PoliciesOf(@namespace).Select(p => p.Approval?.MaxAge).OfType<TimeSpan>().DefaultIfEmpty(s_defaultMaxAge).Max();
}
