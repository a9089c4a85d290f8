using System.Net;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli;

/// <summary>The namespace that a command reads.</summary>
internal static class NamespaceArgument
{
    /// <summary>Nothing found in a namespace that does not exist would be false comfort.</summary>
    /// <exception cref="ManifestException">There is no such namespace.</exception>
    public static async Task RequireAsync(ApiConnection api, string @namespace, TextWriter error, CancellationToken cancel)
    {
        try
        {
            using var found = await api.FindAsync(ApiPaths.One(ApiPaths.Namespaces, @namespace), cancel);
            if (found is null)
            {
                throw new ManifestException($"there is no namespace {@namespace}; to list them, run: kubectl get namespaces");
            }
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            await error.WriteLineAsync($"note: you may not read namespace {@namespace}, so check its name yourself");
        }
    }
}
