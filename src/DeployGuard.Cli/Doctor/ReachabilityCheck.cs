using System.Net;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Whether the API server reaches a replica. The check sends a policy that every replica refuses, as a dry run. DeployGuard's own message
/// in the refusal shows that the path from the API server through the Service to a replica works.
/// </summary>
internal sealed class ReachabilityCheck : ICheck
{
    private const string Path = $"{ApiPaths.Policies}?dryRun=All";

    /// <summary>A freeze without an end: the schema allows it, and the webhook refuses it.</summary>
    private const string Impossible = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"generateName": "deployguard-doctor-"},
         "spec": {"mode": "Audit", "freeze": {"message": "requested by deployguard doctor"}}}
        """;

    public string Name => "reachability";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        try
        {
            using var accepted = await context.Api.WriteAsync(HttpMethod.Post, Path, Impossible, cancel);
            return [Diagnose(null, "", context.Installation)];
        }
        catch (ApiException refused)
        {
            return [Diagnose(refused.StatusCode, refused.ServerMessage, context.Installation)];
        }
    }

    /// <param name="status">Null if the policy was accepted.</param>
    public static Diagnosis Diagnose(HttpStatusCode? status, string message, Installation installation)
    {
        var @namespace = installation.Options.Namespace;
        if (status is null)
        {
            return Diagnosis.Failed(
                "the API server accepted a policy that DeployGuard refuses: it does not call records.deployguard.io",
                "See the check registration"
            );
        }

        if (message.Contains("\"records.deployguard.io\" denied the request", StringComparison.Ordinal))
        {
            return message.Contains("is not valid", StringComparison.Ordinal)
                ? Diagnosis.Ok("the API server reached a replica, which answered")
                : Diagnosis.Warning(
                    $"the API server got an answer that is not from DeployGuard: {message}",
                    $"See which pods are behind the Service: kubectl -n {@namespace} get endpoints {installation.Options.Service}"
                );
        }

        if (message.Contains("failed calling webhook", StringComparison.Ordinal))
        {
            return Diagnosis.Failed(
                $"the API server could not call DeployGuard: {message}",
                $"Check these objects: kubectl -n {@namespace} get pods,endpoints,networkpolicies. Port 8443 must be open from "
                    + "the API server to the pods. The check certificate reports a certificate that is not trusted"
            );
        }

        return status is HttpStatusCode.Forbidden
            ? Diagnosis.Warning(
                $"not checked: {message}",
                "Request the verb create on safeguardpolicies.deployguard.io (ClusterRole deployguard-policy-admin). The check "
                    + "sends a dry run, which stores nothing"
            )
            : Diagnosis.Failed($"the API server answered without calling DeployGuard: {message}", "See the check registration");
    }
}
