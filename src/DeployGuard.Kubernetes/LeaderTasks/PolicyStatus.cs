using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>Keeps in the status of each policy what <c>kubectl get safeguardpolicies</c> shows of it.</summary>
internal sealed class PolicyStatus(ApiConnection api, ClusterCaches caches, ClusterOptions options, TimeProvider time) : ILeaderTask
{
    /// <summary>Before a summary is written a second time: definitions of a former version drop it.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (PolicySummary Summary, DateTimeOffset At)> _written = new(StringComparer.Ordinal);

    public string Name => "status of policies";

    public async Task RunAsync(CancellationToken cancel)
    {
        var changed =
            from entry in caches.Policies.All()
            let next = SummaryOf(entry)
            where next != entry.Summary && !WasJustWritten(entry.Policy.Name, next)
            select entry.Policy.Name;
        await EachOfThem.DoAsync(changed, policy => WriteAsync(policy, cancel));
    }

    private bool WasJustWritten(string policy, PolicySummary summary) =>
        _written.TryGetValue(policy, out var last)
        && last.Summary with { EnforcedSince = null } == summary with { EnforcedSince = null }
        && (last.Summary.EnforcedSince is null) == (summary.EnforcedSince is null)
        && time.GetUtcNow() - last.At < s_again;

    private PolicySummary SummaryOf(PolicyEntry entry) =>
        PolicySummary.Of(
            entry.Policy,
            caches.NamespacesOf(entry.Policy.Match, options.ExemptNamespaces).Count,
            entry.Summary.EnforcedSince ?? entry.UnchangedSince,
            time.GetUtcNow()
        );

    private async Task WriteAsync(string policy, CancellationToken cancel)
    {
        var path = ApiPaths.One(ApiPaths.Policies, policy);
        using var stored = await api.FindAsync(path, cancel);
        if (stored is null || JsonObject.Create(stored.RootElement.Clone()) is not { } document)
        {
            return;
        }

        // The cache may lag behind: what is stored counts.
        var entry = PolicyEntry.Read(stored.RootElement);
        var next = SummaryOf(entry);
        if (next != entry.Summary)
        {
            _written[policy] = (next, time.GetUtcNow());
            next.Write(JsonWriting.Child(document, "status"));
            using var written = await api.WriteAsync(HttpMethod.Put, $"{path}/status", document.ToJsonString(), cancel);
        }
    }
}
