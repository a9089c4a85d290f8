using System.Net;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Webhooks;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Whether the API server reaches a replica. The check sends a record that every replica refuses, as a dry run. DeployGuard's own message
/// in the refusal shows that the path from the API server through the Service to a replica works. The record is a policy; and where the
/// user may not write policies, a BreakGlass, which on-call engineers may create.
/// </summary>
internal sealed class ReachabilityCheck : ICheck
{
    /// <summary>So that a user without permissions does not send hundreds of requests.</summary>
    private const int MaxNamespaces = 20;

    /// <summary>A freeze without an end: the schema allows it, and the webhook refuses it.</summary>
    private const string ImpossiblePolicy = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"generateName": "deployguard-doctor-"},
         "spec": {"mode": "Audit", "freeze": {"message": "requested by deployguard doctor"}}}
        """;

    /// <summary>It has expired.</summary>
    private const string ImpossibleBreakGlass = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "BreakGlass", "metadata": {"generateName": "deployguard-doctor-"},
         "spec": {"workload": {"kind": "Service", "name": "deployguard-doctor"}, "waives": ["Approval"],
                  "incident": "none", "reason": "requested by deployguard doctor", "expiresAt": "2000-01-01T00:00:00Z"}}
        """;

    public string Name => "reachability";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var answer = await TryAsync(context.Api, ApiPaths.Policies, ImpossiblePolicy, cancel);
        if (answer.IsDeniedByRbac)
        {
            answer = await AsOnCallAsync(context, cancel) ?? answer;
        }

        return [Diagnose(answer.Status, answer.Message, context.Installation)];
    }

    /// <param name="status">Null if the record was accepted.</param>
    public static Diagnosis Diagnose(HttpStatusCode? status, string message, Installation installation)
    {
        var @namespace = installation.Options.Namespace;
        if (status is null)
        {
            return Diagnosis.Failed(
                "the API server accepted a record that DeployGuard refuses: it does not call records.deployguard.io",
                "See the check registration"
            );
        }

        if (message.Contains("\"records.deployguard.io\" denied the request", StringComparison.Ordinal))
        {
            return message.Contains("is not valid", StringComparison.Ordinal) || message.Contains("ExpiryInvalid", StringComparison.Ordinal)
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
            ? Diagnosis.NotChecked(message)
            : Diagnosis.Failed($"the API server answered without calling DeployGuard: {message}", "See the check registration");
    }

    /// <summary>Null where the user may not create a BreakGlass either, in no guarded namespace.</summary>
    private static async Task<Answer?> AsOnCallAsync(CheckContext context, CancellationToken cancel)
    {
        foreach (var @namespace in (await GuardedAsync(context, cancel)).Take(MaxNamespaces))
        {
            var answer = await TryAsync(context.Api, ApiPaths.BreakGlasses(@namespace), ImpossibleBreakGlass, cancel);
            if (!answer.IsDeniedByRbac)
            {
                return answer;
            }
        }

        return null;
    }

    private static async Task<IReadOnlyList<string>> GuardedAsync(CheckContext context, CancellationToken cancel)
    {
        try
        {
            var namespaces = (await context.NamespacesAsync(cancel)).Select(n => (n.Name, n.Labels));
            return GuardedNamespaces.Of(await context.PoliciesAsync(cancel), namespaces, context.Installation.Options, context.Now);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return [];
        }
    }

    private static async Task<Answer> TryAsync(ApiConnection api, string collection, string record, CancellationToken cancel)
    {
        try
        {
            using var accepted = await api.WriteAsync(HttpMethod.Post, $"{collection}?dryRun=All", record, cancel);
            return new Answer(null, "");
        }
        catch (ApiException refused)
        {
            return new Answer(refused.StatusCode, refused.ServerMessage);
        }
    }

    /// <param name="Status">Null if the record was accepted.</param>
    private sealed record Answer(HttpStatusCode? Status, string Message)
    {
        public bool IsDeniedByRbac => Status is HttpStatusCode.Forbidden && !Message.Contains("webhook", StringComparison.Ordinal);
    }
}
