using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core.Policies;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Leader;

/// <summary>
/// Keeps the two webhook configurations as they must be: fills in what the chart installed empty, follows the policies, and
/// restores what was altered. It never creates one: a deleted configuration stays deleted, so that uninstalling works.
/// </summary>
internal sealed class Registration(ApiConnection api, ClusterCaches caches, ClusterOptions options, Func<byte[]?> caBundle, TimeProvider time, ILogger logger) : ILeaderTask
{
    private const string Api = "admissionregistration.k8s.io/v1";

    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, bool> _found = new();
    private DateTimeOffset _lookedAt;

    public string Name => "webhook registration";

    /// <summary>Whether each configuration was there when it was last looked for; empty where that was long ago: another replica leads.</summary>
    public IReadOnlyDictionary<string, bool> Found => time.GetUtcNow() - _lookedAt < s_fresh ? _found : ReadOnlyDictionary<string, bool>.Empty;

    public async Task RunAsync(CancellationToken cancel)
    {
        if (caBundle() is not { } ca)
        {
            return;
        }

        var entries = new WebhookEntries(options, Convert.ToBase64String(ca));
        await KeepAsync("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", entries.Validating(GuardedNamespaces(), SelectsWorkloads()), cancel);
        await KeepAsync("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", entries.Mutating(), cancel);
    }

    /// <summary>Namespaces in which an Enforce policy is active now; one that cannot be read counts, as it refuses too.</summary>
    private List<string> GuardedNamespaces()
    {
        var now = time.GetUtcNow();
        var enforcing = caches.Policies.All().Select(p => p.Policy).Where(p => p.Mode is Mode.Enforce && p.Active.Contains(now)).ToList();
        return
        [
            .. caches.Namespaces.All()
                .Where(n => enforcing.Any(p => p.Match.Namespaces.Matches(n.Labels)) && !options.ExemptNamespaces.Contains(n.Name))
                .Select(n => n.Name)
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether a policy selects by the labels of workloads: only then a write of a status, which can carry other labels, is worth a call.</summary>
    private bool SelectsWorkloads() => caches.Policies.All().Any(p => p.Policy.Match.Workloads.Requirements.Count > 0);

    private async Task KeepAsync(string kind, string resource, JsonArray wanted, CancellationToken cancel)
    {
        var path = $"apis/{Api}/{resource}/{options.WebhookConfiguration}";
        using var stored = await api.FindAsync(path, cancel);
        _found[kind] = stored is not null;
        _lookedAt = time.GetUtcNow();
        if (stored is null)
        {
            logger.LogError("{Kind} {Name} is gone: nothing is guarded. If that was not meant, install the chart again", kind, options.WebhookConfiguration);
            return;
        }

        var current = stored.RootElement.TryGetProperty("webhooks", out var webhooks) ? JsonNode.Parse(webhooks.GetRawText()) : new JsonArray();
        if (current is JsonArray entries && AreTheSame(entries, wanted))
        {
            return;
        }

        var document = new JsonObject
        {
            ["apiVersion"] = Api,
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = options.WebhookConfiguration },
            ["webhooks"] = wanted.DeepClone(),
        };
        // Applied, so that the chart's own fields stay the chart's; a merge patch first empties the list of what others put in.
        if (current is JsonArray { Count: > 0 } && HasForeign(current.AsArray(), wanted))
        {
            using var emptied = await api.WriteAsync(HttpMethod.Patch, path, """{"webhooks":[]}""", cancel, "application/merge-patch+json");
        }

        using var written = await api.WriteAsync(HttpMethod.Patch, $"{path}?fieldManager=deployguard&force=true", document.ToJsonString(), cancel, "application/apply-patch+yaml");
        logger.LogInformation("{Kind} {Name} brought to {Count} entries", kind, options.WebhookConfiguration, wanted.Count);
    }

    /// <summary>The order says nothing: the API server calls webhooks by its own.</summary>
    private static bool AreTheSame(JsonArray current, JsonArray wanted) =>
        current.Count == wanted.Count
        && wanted.All(w => current.Any(c => (string?)c?["name"] == (string?)w?["name"] && JsonNode.DeepEquals(c, w)));

    private static bool HasForeign(JsonArray current, JsonArray wanted) =>
        current.Any(c => !wanted.Any(w => (string?)w?["name"] == (string?)c?["name"]));
}
