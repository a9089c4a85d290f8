using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Writes <c>mode: Enforce</c> into every stored policy that names no mode: it was created before a new one without a mode audits, or
/// past the webhook. It enforces already, and now says so. An invalid policy is left to its author: no update of it is admitted.
/// </summary>
internal sealed class PolicyModes(ApiConnection api, ClusterCaches caches, EventWriter events, ILogger logger) : ILeaderTask
{
    public string Name => "modes of stored policies";

    public async Task RunAsync(CancellationToken cancel)
    {
        var unnamed = caches.Policies.All().Where(p => p is { NamesMode: false, Policy.Errors.Count: 0 });
        await EachOfThem.DoAsync(unnamed, entry => NameAsync(entry.Policy.Name, cancel));
    }

    private async Task NameAsync(string policy, CancellationToken cancel)
    {
        var path = ApiPaths.One(ApiPaths.Policies, policy);
        using var stored = await api.FindAsync(path, cancel);
        // The cache may lag behind an author who named a mode, or deleted the policy.
        if (stored?.RootElement is not { } found || NamedMode.Of(found) is not null)
        {
            return;
        }

        var metadata = found.GetProperty("metadata");
        var patch = new JsonObject
        {
            // In case the author names one at this moment.
            ["metadata"] = new JsonObject { ["resourceVersion"] = metadata.Text("resourceVersion") },
            ["spec"] = new JsonObject { ["mode"] = nameof(Mode.Enforce) },
        };
        using var written = await api.WriteAsync(HttpMethod.Patch, path, patch.ToJsonString(), cancel, "application/merge-patch+json");
        logger.LogInformation("wrote mode: Enforce into policy {Policy}, which named no mode and enforced", policy);
        await events.WriteAsync(
            new EventEntry(
                EventSubject.OfPolicy(policy, metadata.Text("uid") ?? ""),
                false,
                "ModeNamed",
                "DeployGuard wrote mode: Enforce: the stored policy named no mode, and enforced. Add the mode to your file too"
            ),
            cancel
        );
    }
}
