using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the groups that policies ask for may vote at all: a quorum that nobody can give is a freeze.</summary>
internal sealed class QuorumCheck : ICheck
{
    private const string Rbac = "apis/rbac.authorization.k8s.io/v1";

    public string Name => "quorum";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel)
    {
        var granting = new VotingRoles();
        foreach (var resource in (string[])["clusterroles", "roles"])
        {
            await patient.Api.ListAsync($"{Rbac}/{resource}", granting.AddRole, cancel);
        }

        foreach (var resource in (string[])["clusterrolebindings", "rolebindings"])
        {
            await patient.Api.ListAsync($"{Rbac}/{resource}", granting.AddBinding, cancel);
        }

        return Judge(await patient.PoliciesAsync(cancel), await patient.NamespacesAsync(cancel), granting, patient.Installed.Name);
    }

    public static IReadOnlyList<Diagnosis> Judge(IReadOnlyList<SafeguardPolicy> policies, IReadOnlyList<NamespaceLabels> namespaces, VotingRoles granting, string name)
    {
        var found = new List<Diagnosis>();
        foreach (var policy in policies.Where(p => p is { Mode: Mode.Enforce, Approval.Required: not Required.Never }))
        {
            var matched = namespaces.Where(n => policy.Match.IncludesNamespace(n.Labels)).Select(n => n.Name).ToList();
            foreach (var line in policy.Approval?.Quorum ?? [])
            {
                var without = matched.Where(n => !line.Groups.Any(g => granting.MayVote(g, n))).ToList();
                if (without.Count > 0)
                {
                    found.Add(Diagnosis.Warning(
                        $"{policy.Name} asks for {line.Count} of {string.Join(" or ", line.Groups)}, and no role that is bound to them by group lets them approve in {Words.List(without, "namespace", "none")}",
                        $"kubectl -n {without[0]} create rolebinding deployguard-approvers --clusterrole={name}-approver --group={line.Groups[0]}"));
                }
            }
        }

        return found.Count > 0 ? found : [Diagnosis.Ok("every group that an Enforce policy asks for may approve where it matches")];
    }
}
