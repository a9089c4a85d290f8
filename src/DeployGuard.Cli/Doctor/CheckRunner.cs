using System.Net;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Doctor;

/// <summary>Runs every check, whatever the others found. Only a cluster that cannot be read stops it.</summary>
internal static class CheckRunner
{
    /// <exception cref="ManifestException">The API server refuses to tell its version.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public static async Task<DoctorReport> RunAsync(
        ApiConnection api,
        string @namespace,
        string name,
        TimeProvider time,
        CancellationToken cancel
    )
    {
        var context = await OpenAsync(api, @namespace, name, time, cancel);
        var results = new List<CheckResult>();
        foreach (var check in CheckList.All)
        {
            results.AddRange((await RunAsync(check, context, cancel)).Select(d => new CheckResult(check.Name, d)));
        }

        return new DoctorReport(results);
    }

    private static async Task<CheckContext> OpenAsync(
        ApiConnection api,
        string @namespace,
        string name,
        TimeProvider time,
        CancellationToken cancel
    )
    {
        try
        {
            var version = ServerVersion.Of(await CheckContext.ReadAsync(api, "version", cancel));
            return new CheckContext(api, await FindInstallationAsync(api, @namespace, name, cancel), version, time.GetUtcNow());
        }
        catch (ApiException refused)
        {
            throw new ManifestException($"the version of the cluster cannot be read: {refused.ServerMessage}", refused);
        }
    }

    /// <summary>By the given name, or by the name that the chart derives from a release's name.</summary>
    private static async Task<Installation> FindInstallationAsync(
        ApiConnection api,
        string @namespace,
        string name,
        CancellationToken cancel
    )
    {
        foreach (var candidate in (string[])[name, $"{name}-deployguard"])
        {
            if (await FindOrNothingAsync(api, ApiPaths.One(ApiPaths.DeploymentsIn(@namespace), candidate), cancel) is { } deployment)
            {
                return Installation.Of(deployment, @namespace, candidate);
            }
        }

        return Installation.Of(null, @namespace, name);
    }

    /// <summary>Where the user may not read the Deployment, its check says so, and the others assume the chart's names.</summary>
    private static async Task<System.Text.Json.Nodes.JsonNode?> FindOrNothingAsync(ApiConnection api, string path, CancellationToken cancel)
    {
        try
        {
            return await CheckContext.ReadAsync(api, path, cancel);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<Diagnosis>> RunAsync(ICheck check, CheckContext context, CancellationToken cancel)
    {
        try
        {
            return await check.RunAsync(context, cancel);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return
            [
                Diagnosis.Warning(
                    $"not checked, because you lack a permission: {refused.ServerMessage}",
                    "Request that permission, or have a cluster admin run: kubectl deployguard doctor"
                ),
            ];
        }
        catch (ApiException refused)
        {
            return
            [
                Diagnosis.Failed(
                    $"the API server answered: {refused.Message}",
                    "Check that DeployGuard and its custom resource definitions are installed: helm list -A"
                ),
            ];
        }
    }
}

/// <param name="Check">Name of the check.</param>
internal sealed record CheckResult(string Check, Diagnosis Diagnosis);
