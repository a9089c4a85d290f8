using System.Net;
using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli;

/// <summary>
/// Reads workloads as the replicas of this cluster do, by the chart's <c>templateNoise</c>, which is in the arguments of their Deployment.
/// The defaults apply where the user may not read the Deployment, or it has another name or namespace; a template with a key of the chart's
/// list then looks unrecorded.
/// </summary>
internal static class ConfiguredWorkloadReader
{
    private const string Namespace = "deployguard-system";
    private const string Name = "deployguard";

    public static async Task<WorkloadReader> OfAsync(ApiConnection api, CancellationToken cancel) =>
        (await OptionsAsync(api, cancel))?.Reader ?? WorkloadReader.Default;

    /// <summary>The chart's <c>workloadKinds</c>.</summary>
    public static async Task<IReadOnlyList<CustomKind>> CustomKindsAsync(ApiConnection api, CancellationToken cancel) =>
        (await OptionsAsync(api, cancel))?.CustomKinds ?? [];

    /// <summary>Null where the user may not read them.</summary>
    private static async Task<ClusterOptions?> OptionsAsync(ApiConnection api, CancellationToken cancel)
    {
        try
        {
            var deployment = await CheckContext.ReadAsync(api, ApiPaths.One(ApiPaths.DeploymentsIn(Namespace), Name), cancel);
            return Installation.Of(deployment, Namespace, Name).Options;
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return null;
        }
    }
}
