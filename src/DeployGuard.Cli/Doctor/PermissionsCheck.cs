using System.Net;
using DeployGuard.Core.Identities;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether DeployGuard's service account may do all that it needs, as the API server's authorizers say now.</summary>
internal sealed class PermissionsCheck : ICheck
{
    public string Name => "permissions";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel)
    {
        var (installed, needs) = (patient.Installed, RequiredPermissions.Of(patient.Installed.Options));
        var who = new Requester(installed.User, "", ["system:serviceaccounts", $"system:serviceaccounts:{patient.Namespace}", "system:authenticated"]);
        var access = new AccessReviews(patient.Api);
        var missing = new List<AccessRule>();
        try
        {
            foreach (var need in needs)
            {
                if (!await access.MayAsync(who, need, cancel))
                {
                    missing.Add(need);
                }
            }
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return
            [
                Diagnosis.Warning(
                    $"what {installed.User} may do cannot be asked: {refused.ServerMessage}",
                    "Ask for the verb create on subjectaccessreviews.authorization.k8s.io, such as: kubectl create clusterrolebinding doctor --clusterrole=system:auth-delegator --user=YOU"),
            ];
        }

        return Judge(installed, missing, needs.Count);
    }

    /// <summary>One line for each thing that fails, with the verbs that it fails for.</summary>
    public static IReadOnlyList<Diagnosis> Judge(Installed installed, IReadOnlyList<AccessRule> missing, int all) => missing.Count == 0
        ? [Diagnosis.Ok($"{installed.User} has all {all} that it needs")]
        :
        [
            .. missing.GroupBy(m => m.Why).Select(g => Diagnosis.Failed(
                $"{installed.User} may not {string.Join(", ", g)}: {g.Key}",
                $"The chart's roles grant it: helm upgrade {installed.Name} CHART -n {installed.Options.Namespace} --reuse-values; or see who changed them: kubectl describe clusterrole,clusterrolebinding {installed.Name}")),
        ];
}
