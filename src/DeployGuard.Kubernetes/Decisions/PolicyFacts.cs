using System.Net;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>
/// What a policy applies to, from the caches; and who may approve and deploy, read when a policy is written and never kept.
/// </summary>
internal sealed class PolicyFacts(
    ApiConnection api,
    ClusterCaches caches,
    DeletedPolicies deleted,
    ClusterOptions options,
    TimeProvider time
) : IPolicyFacts
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    public string ApproverRole => $"{options.WebhookConfiguration}-approver";

    public PolicyReach ReachOf(PolicyMatch match) => caches.ReachOf(match, options.ExemptNamespaces);

    public FormerPolicy? FormerOf(string name) => deleted.FormerOf(name);

    public Task<BoundRights?> ReadRightsAsync(CancellationToken deadline) =>
        InTimeAsync<BoundRights?>("roles and bindings", async cancel => await VotingRightsReader.ReadAllAsync(api, cancel), deadline);

    /// <summary>Asked by a list of one: the right is what counts.</summary>
    public Task<bool?> MayReadSecretsAsync(CancellationToken deadline) =>
        InTimeAsync<bool?>(
            "Secrets",
            async cancel =>
            {
                try
                {
                    using var one = await api.OpenAsync($"{ApiPaths.Secrets(options.Namespace)}?limit=1", cancel);
                    return true;
                }
                catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
                {
                    return false;
                }
            },
            deadline
        );

    private async Task<T> InTimeAsync<T>(string what, Func<CancellationToken, Task<T>> read, CancellationToken deadline)
    {
        using var limit = new CancellationTokenSource(s_limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, deadline);
        try
        {
            return await read(either.Token);
        }
        catch (ApiException refused)
        {
            throw new UnavailableException($"the API server refused to list {what}: {refused.ServerMessage}", refused);
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            throw new UnavailableException($"the API server did not list {what} within {s_limit.TotalSeconds:0} s", fault);
        }
    }
}
