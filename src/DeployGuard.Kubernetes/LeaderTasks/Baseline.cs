using System.Net;
using System.Text.Json;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Leader;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Creates the policy <c>baseline</c> at the first start: it reports what would be refused, and refuses nothing. It is created once, even
/// if it is deleted; an annotation of DeployGuard's Secret remembers that.
/// </summary>
internal sealed class Baseline(ApiConnection api, ClusterOptions options, ILogger logger) : ILeaderTask
{
    private const string Memory = "deployguard.io/baseline-created";

    private const string Policy = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "baseline"},
         "spec": {"mode": "Audit", "images": {"pin": "Digest"},
                  "approval": {"required": "AiAssisted", "quorum": [{"groups": ["deployguard-approvers"], "count": 1}]}}}
        """;

    private bool _done;

    public string Name => "baseline policy";

    public async Task RunAsync(CancellationToken cancel)
    {
        if (_done)
        {
            return;
        }

        var path = ApiPaths.One(ApiPaths.Secrets(options.Namespace), options.Secret);
        using var secret = await api.GetAsync(path, cancel);
        if (!IsRemembered(secret.RootElement))
        {
            await CreateAsync(cancel);
            // Only once the policy exists: after a crash between the two it is tried again.
            using var remembered = await api.WriteAsync(
                HttpMethod.Patch,
                path,
                "{\"metadata\":{\"annotations\":{\"" + Memory + "\":\"true\"}}}",
                cancel,
                "application/merge-patch+json"
            );
        }

        _done = true;
    }

    private async Task CreateAsync(CancellationToken cancel)
    {
        try
        {
            using var created = await api.WriteAsync(HttpMethod.Post, ApiPaths.Policies, Policy, cancel);
            logger.LogInformation("created the policy baseline in mode Audit");
        }
        catch (ApiException exists) when (exists.StatusCode is HttpStatusCode.Conflict)
        {
            // The user's own, or left by an earlier installation: not to be changed.
            logger.LogInformation("the policy baseline exists and is not changed");
        }
    }

    private static bool IsRemembered(JsonElement secret) =>
        secret.GetProperty("metadata").TryGetProperty("annotations", out var annotations) && annotations.TryGetProperty(Memory, out _);
}
