using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Whether bindings name the groups of a quorum and let them vote: a quorum without voters blocks every change.
/// </summary>
internal sealed class QuorumCheck : ICheck
{
    public string Name => "quorum";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var rights = await VotingRightsReader.ReadAsync(context.Api, cancel);
        return Diagnose(await context.PoliciesAsync(cancel), await context.NamespacesAsync(cancel), rights, context.Installation.Name);
    }

    public static IReadOnlyList<Diagnosis> Diagnose(
        IReadOnlyList<SafeguardPolicy> policies,
        IReadOnlyList<NamespaceLabels> namespaces,
        VotingRights rights,
        string name
    )
    {
        List<Diagnosis> found =
        [
            .. policies
                .Where(p => p.Mode is Mode.Enforce)
                .SelectMany(p =>
                    QuorumGap
                        .Of(p, [.. namespaces.Where(n => p.Match.IncludesNamespace(n.Labels)).Select(n => n.Name)], rights)
                        .SelectMany(gap => DiagnoseGap(p.Name, gap, name))
                ),
        ];
        return found.Count > 0
            ? found
            : [Diagnosis.Ok("every quorum of an Enforce policy has a group that may approve, in every namespace that the policy matches")];
    }

    private static IEnumerable<Diagnosis> DiagnoseGap(string policy, QuorumGap gap, string name)
    {
        foreach (var group in gap.Unnamed)
        {
            yield return Diagnosis.Warning(
                $"{policy} requires approval by group {group}, but no binding names this group",
                $"Check its spelling: kubectl edit safeguardpolicy {policy}"
            );
        }

        if (gap.IsUnfillable)
        {
            var (line, without) = (gap.Line, gap.Without);
            yield return Diagnosis.Warning(
                $"{policy} requires {line.Count} {(line.Count == 1 ? "approval" : "approvals")} by "
                    + $"{string.Join(" or ", line.Groups)}, but no role binding lets these groups approve in "
                    + NameList.Of(without, "namespace", "any namespace"),
                $"Bind the approver role: kubectl -n {without.FirstOrDefault("NAMESPACE")} create rolebinding {gap.BindingName} "
                    + $"--clusterrole={name}-approver --group={line.Groups[0]}"
            );
        }
    }
}
