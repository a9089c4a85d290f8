using System.Net;
using DeployGuard.Core.Identities;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether DeployGuard's service account has all permissions that it needs, by the API server's authorizers.</summary>
internal sealed class PermissionsCheck : ICheck
{
    public string Name => "permissions";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var (installation, needs) = (context.Installation, RequiredPermissions.Of(context.Installation.Options));
        var who = new Requester(
            installation.User,
            "",
            ["system:serviceaccounts", $"system:serviceaccounts:{context.Namespace}", "system:authenticated"]
        );
        var access = new AccessReviews(context.Api);
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
            return [Diagnosis.NotChecked(refused.ServerMessage)];
        }

        return Diagnose(installation, missing, needs.Count);
    }

    /// <summary>One result for each function that fails, with the permissions that it lacks.</summary>
    public static IReadOnlyList<Diagnosis> Diagnose(Installation installation, IReadOnlyList<AccessRule> missing, int all) =>
        missing.Count == 0
            ? [Diagnosis.Ok($"{installation.User} has all {all} permissions that it needs")]
            :
            [
                .. missing
                    .GroupBy(m => m.Why)
                    .Select(g =>
                        Diagnosis.Failed(
                            $"{installation.User} may not {string.Join(", ", g)}: {g.Key}",
                            $"Restore the chart's roles: {installation.Upgrade("--reset-then-reuse-values")}; or see how they were "
                                + $"changed: kubectl describe clusterrole,clusterrolebinding {installation.Name}"
                        )
                    ),
            ];
}
