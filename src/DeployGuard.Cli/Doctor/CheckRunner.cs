using System.Net;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Doctor;

/// <summary>Runs every check, whatever the others found. Only a missing installation stops it.</summary>
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
        var version = await VersionAsync(api, cancel);
        var found = await new InstallationSearch(api, @namespace, name).FindAsync(cancel);
        var context = new CheckContext(api, found.Installation, version, time.GetUtcNow());
        var headline = Headline.Of(found.Installation, version);
        if (found.Cause is { } cause)
        {
            var missing = new CheckResult(InstallationSearch.Check, cause);
            return found.IsRegistered
                ? new DoctorReport(
                    headline,
                    [
                        missing,
                        .. await RunAsync(
                            CheckList.All.Where(c => c is not DeploymentCheck || cause.Health is not Health.Failed),
                            context,
                            cancel
                        ),
                    ]
                )
                : new DoctorReport(headline, [missing]);
        }

        return new DoctorReport(headline, await RunAsync(CheckList.All, context, cancel));
    }

    private static async Task<ServerVersion> VersionAsync(ApiConnection api, CancellationToken cancel)
    {
        try
        {
            return ServerVersion.Of(await CheckContext.ReadAsync(api, ApiPaths.Version, cancel));
        }
        catch (ApiException refused) when (refused.StatusCode is not HttpStatusCode.Unauthorized)
        {
            throw new ManifestException($"the version of the cluster cannot be read: {refused.ServerMessage}", refused);
        }
    }

    private static async Task<IReadOnlyList<CheckResult>> RunAsync(
        IEnumerable<ICheck> checks,
        CheckContext context,
        CancellationToken cancel
    )
    {
        var results = new List<CheckResult>();
        foreach (var check in checks)
        {
            results.AddRange((await RunAsync(check, context, cancel)).Select(d => new CheckResult(check.Name, d)));
        }

        return results;
    }

    private static async Task<IReadOnlyList<Diagnosis>> RunAsync(ICheck check, CheckContext context, CancellationToken cancel)
    {
        try
        {
            return await check.RunAsync(context, cancel);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return [Diagnosis.NotChecked(refused.ServerMessage)];
        }
        catch (HttpRequestException lost)
        {
            return [Diagnosis.NotChecked($"the API server did not answer: {FailureText.OfConnection(lost)}")];
        }
        catch (ApiException refused)
        {
            return
            [
                Diagnosis.Failed(
                    $"the API server answered: {refused.Message}",
                    "Check that DeployGuard's custom resource definitions are there: kubectl get crd -l app.kubernetes.io/part-of=deployguard"
                ),
            ];
        }
    }
}

/// <param name="Check">Name of the check.</param>
internal sealed record CheckResult(string Check, Diagnosis Diagnosis);
