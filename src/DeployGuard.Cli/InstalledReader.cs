using System.Net;
using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli;

/// <summary>
/// How the replicas of this cluster read workloads: by the chart's <c>templateNoise</c>, which their Deployment says. For those who may
/// not read that, and where the
/// chart has another name or namespace, by the defaults; a template that has a key of the chart's list then looks unrecorded to them.
/// </summary>
internal static class InstalledReader
{
    private const string Namespace = "deployguard-system";
    private const string Name = "deployguard";

    public static async Task<WorkloadReader> OfAsync(ApiConnection api, CancellationToken cancel)
    {
        try
        {
            var deployment = await CheckContext.ReadAsync(api, $"apis/apps/v1/namespaces/{Namespace}/deployments/{Name}", cancel);
            return Installed.Of(deployment, Namespace, Name).Options.Reader;
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return WorkloadReader.Default;
        }
    }
}
