using DeployGuard.Core.Approvals;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.LiveReads;

/// <summary>Reads all roles and bindings of the cluster: who may approve and deploy, and which groups are known.</summary>
public static class VotingRightsReader
{
    /// <exception cref="ApiException">The API server refused.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public static async Task<VotingRights> ReadAsync(ApiConnection api, CancellationToken cancel) =>
        (await ReadAllAsync(api, cancel)).Votes;

    /// <exception cref="ApiException">The API server refused.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    internal static async Task<BoundRights> ReadAllAsync(ApiConnection api, CancellationToken cancel)
    {
        var rights = new BoundRights();
        foreach (var resource in (string[])["clusterroles", "roles"])
        {
            await api.ListAsync($"{ApiPaths.Rbac}/{resource}", rights.AddRole, cancel);
        }

        foreach (var resource in (string[])["clusterrolebindings", "rolebindings"])
        {
            await api.ListAsync($"{ApiPaths.Rbac}/{resource}", rights.AddBinding, cancel);
        }

        return rights;
    }
}
