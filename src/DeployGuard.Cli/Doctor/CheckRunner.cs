using System.Net;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli.Doctor;

/// <summary>Runs every check, whatever the others found. Only a cluster that nobody can look at ends it.</summary>
internal static class CheckRunner
{
    /// <exception cref="ManifestException">The API server does not say so much as its version.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public static async Task<Report> OfAsync(ApiConnection api, string @namespace, string name, TimeProvider time, CancellationToken cancel)
    {
        var patient = await OpenAsync(api, @namespace, name, time, cancel);
        var findings = new List<CheckResult>();
        foreach (var check in CheckList.All)
        {
            findings.AddRange((await LookAsync(check, patient, cancel)).Select(d => new CheckResult(check.Name, d)));
        }

        return new Report(findings);
    }

    private static async Task<CheckContext> OpenAsync(ApiConnection api, string @namespace, string name, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            var version = ServerVersion.Of(await CheckContext.ReadAsync(api, "version", cancel));
            return new CheckContext(api, await FindInstalledAsync(api, @namespace, name, cancel), version, time.GetUtcNow());
        }
        catch (ApiException refused)
        {
            throw new ManifestException($"cannot look: {refused.ServerMessage}", refused);
        }
    }

    /// <summary>Under the name that was given; or under what the chart makes of a release's name.</summary>
    private static async Task<Installed> FindInstalledAsync(ApiConnection api, string @namespace, string name, CancellationToken cancel)
    {
        foreach (var candidate in (string[])[name, $"{name}-deployguard"])
        {
            if (await FindOrNothingAsync(api, $"apis/apps/v1/namespaces/{@namespace}/deployments/{candidate}", cancel) is { } deployment)
            {
                return Installed.Of(deployment, @namespace, candidate);
            }
        }

        return Installed.Of(null, @namespace, name);
    }

    /// <summary>Who may not read the Deployment is told so by its check; the others go by the chart's names.</summary>
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

    private static async Task<IReadOnlyList<Diagnosis>> LookAsync(ICheck check, CheckContext patient, CancellationToken cancel)
    {
        try
        {
            return await check.LookAsync(patient, cancel);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return [Diagnosis.Warning($"you may not look: {refused.ServerMessage}", "Ask for that permission, or run it as a cluster admin: kubectl deployguard doctor")];
        }
        catch (ApiException refused)
        {
            return [Diagnosis.Failed($"the API server says: {refused.Message}", "Is DeployGuard installed, with its custom resource definitions? See: helm list -A")];
        }
    }
}

/// <param name="Check">Which check found it.</param>
internal sealed record CheckResult(string Check, Diagnosis Diagnosis);
