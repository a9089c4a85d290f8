using System.Net;
using System.Text.Json;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Creates the policy <c>baseline</c> at the first start: it shows what would be refused, and refuses nothing. Never again, whoever
/// deletes it; that is remembered on our Secret.
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

        var path = $"api/v1/namespaces/{options.Namespace}/secrets/{options.Secret}";
        using var secret = await api.GetAsync(path, cancel);
        if (!IsRemembered(secret.RootElement))
        {
            await CreateAsync(cancel);
            // Remembered only once the policy is there: a crash between the two makes it be tried again.
            using var remembered = await api.WriteAsync(
                HttpMethod.Patch, path, "{\"metadata\":{\"annotations\":{\"" + Memory + "\":\"true\"}}}", cancel, "application/merge-patch+json");
        }

        _done = true;
    }

    private async Task CreateAsync(CancellationToken cancel)
    {
        try
        {
            using var created = await api.WriteAsync(HttpMethod.Post, "apis/deployguard.io/v1alpha1/safeguardpolicies", Policy, cancel);
            logger.LogInformation("created the policy baseline in mode Audit");
        }
        catch (ApiException exists) when (exists.StatusCode is HttpStatusCode.Conflict)
        {
            // Somebody's own, or left by an earlier installation: theirs to keep.
            logger.LogInformation("a policy baseline exists and is left as it is");
        }
    }

    private static bool IsRemembered(JsonElement secret) =>
        secret.GetProperty("metadata").TryGetProperty("annotations", out var annotations) && annotations.TryGetProperty(Memory, out _);
}
