using System.Net;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Whether the API server reaches a replica: asks it, as a dry run, for a policy that no replica lets pass. It must come back with the webhook's
/// own words; that proves the way from API server by Service to replica and back.
/// </summary>
internal sealed class ReachabilityCheck : ICheck
{
    private const string Path = "apis/deployguard.io/v1alpha1/safeguardpolicies?dryRun=All";

    /// <summary>What the schema of the definition allows and the webhook does not: a freeze that never ends.</summary>
    private const string Impossible = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"generateName": "deployguard-doctor-"},
         "spec": {"mode": "Audit", "freeze": {"message": "asked for by deployguard doctor"}}}
        """;

    public string Name => "reachability";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel)
    {
        try
        {
            using var taken = await patient.Api.WriteAsync(HttpMethod.Post, Path, Impossible, cancel);
            return [Judge(null, "", patient.Installed)];
        }
        catch (ApiException refused)
        {
            return [Judge(refused.StatusCode, refused.ServerMessage, patient.Installed)];
        }
    }

    /// <param name="status">Null if the impossible policy was taken.</param>
    public static Diagnosis Judge(HttpStatusCode? status, string message, Installed installed)
    {
        var @namespace = installed.Options.Namespace;
        if (status is null)
        {
            return Diagnosis.Failed("the API server took a policy that DeployGuard refuses: it does not ask records.deployguard.io", "See the registration below");
        }

        if (message.Contains("\"records.deployguard.io\" denied the request", StringComparison.Ordinal))
        {
            return message.Contains("is not valid", StringComparison.Ordinal)
                ? Diagnosis.Ok("the API server reached a replica, which answered")
                : Diagnosis.Warning($"something answered the API server in other words than DeployGuard's: {message}", $"See what is behind the Service: kubectl -n {@namespace} get endpoints {installed.Options.Service}");
        }

        if (message.Contains("failed calling webhook", StringComparison.Ordinal))
        {
            return Diagnosis.Failed(
                $"the API server could not call DeployGuard: {message}",
                $"Look at: kubectl -n {@namespace} get pods,endpoints,networkpolicies. Between API server and pods, port 8443 must be open; a certificate that is not trusted is named above");
        }

        return status is HttpStatusCode.Forbidden
            ? Diagnosis.Warning($"it cannot be tried: {message}", "Ask for the verb create on safeguardpolicies.deployguard.io (ClusterRole deployguard-policy-admin); it is asked for as a dry run and never stored")
            : Diagnosis.Failed($"the API server refused to try it: {message}", "It should have asked DeployGuard; see the registration below");
    }
}
