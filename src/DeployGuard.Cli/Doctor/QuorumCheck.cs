using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether RBAC lets the groups of a quorum vote: a quorum without voters blocks every change.</summary>
internal sealed class QuorumCheck : ICheck
{
    public string Name => "quorum";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var roles = new VotingRoles();
        foreach (var resource in (string[])["clusterroles", "roles"])
        {
            await context.Api.ListAsync($"{ApiPaths.Rbac}/{resource}", roles.AddRole, cancel);
        }

        foreach (var resource in (string[])["clusterrolebindings", "rolebindings"])
        {
            await context.Api.ListAsync($"{ApiPaths.Rbac}/{resource}", roles.AddBinding, cancel);
        }

        return Diagnose(await context.PoliciesAsync(cancel), await context.NamespacesAsync(cancel), roles, context.Installation.Name);
    }

    /// <summary>Another group has another binding, so the command works a second time. A slash or % cannot be part of its name.</summary>
    private static string BindingName(string group) =>
        $"deployguard-approvers-{string.Concat(group.Select(c => c is '/' or '%' ? '-' : c))}";

    public static IReadOnlyList<Diagnosis> Diagnose(
        IReadOnlyList<SafeguardPolicy> policies,
        IReadOnlyList<NamespaceLabels> namespaces,
        VotingRoles roles,
        string name
    )
    {
        var found = new List<Diagnosis>();
        foreach (var policy in policies.Where(p => p is { Mode: Mode.Enforce, Approval.Required: not Required.Never }))
        {
            var matched = namespaces.Where(n => policy.Match.IncludesNamespace(n.Labels)).Select(n => n.Name).ToList();
            foreach (var line in policy.Approval?.Quorum ?? [])
            {
                var without = matched.Where(n => !line.Groups.Any(g => roles.MayVote(g, n))).ToList();
                if (without.Count > 0)
                {
                    found.Add(
                        Diagnosis.Warning(
                            $"{policy.Name} requires {line.Count} {(line.Count == 1 ? "approval" : "approvals")} by "
                                + $"{string.Join(" or ", line.Groups)}, but no role binding lets these groups approve in "
                                + $"{NameList.Of(without, "namespace", "none")}",
                            $"Bind the approver role: kubectl -n {without[0]} create rolebinding {BindingName(line.Groups[0])} "
                                + $"--clusterrole={name}-approver --group={line.Groups[0]}"
                        )
                    );
                }
            }
        }

        return found.Count > 0
            ? found
            : [Diagnosis.Ok("every quorum of an Enforce policy has a group that may approve, in every namespace that the policy matches")];
    }
}
