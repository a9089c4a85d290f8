using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Records;

/// <summary>
/// What the author of a policy is told when it is written. Each sentence is a warning of its own, because the API server cuts a warning
/// after 256 characters.
/// </summary>
public static class PolicyWarnings
{
    public const string NamesNoMode = "spec names no mode, so it audits; set mode: Enforce to refuse";

    /// <summary>A policy that enforces everywhere, which is rarely intended; null for any other.</summary>
    public static string? OfScope(SafeguardPolicy policy, PolicyReach reach) =>
        policy.Mode is Mode.Enforce && policy.Match.IsEverything
            ? $"spec has no match, so it enforces everywhere: now in {Count(reach.Namespaces.Count, "namespace")} with "
                + $"{Count(reach.Workloads, "workload")}. To guard only some, add match.namespaceSelector"
            : null;

    /// <param name="approverRole">The ClusterRole whose holders may approve.</param>
    public static IEnumerable<string> OfQuorum(IEnumerable<QuorumGap> gaps, string approverRole)
    {
        foreach (var gap in gaps)
        {
            var at = $"spec.approval.quorum[{gap.Index}]";
            foreach (var group in gap.Unnamed)
            {
                yield return $"{at}: no binding names group {group}; check its spelling";
            }

            if (gap.IsUnfillable)
            {
                var where =
                    gap.Without.Count == 0 ? "in any namespace"
                    : gap.Without.Count == 1 ? $"in namespace {gap.Without[0]}"
                    : $"in namespace {gap.Without[0]} and {gap.Without.Count - 1} more";
                yield return $"{at}: no binding lets {string.Join(" or ", gap.Line.Groups)} approve {where}, so nobody can fill it there";
                yield return $"Bind the approver role: kubectl -n {gap.Without.FirstOrDefault("NAMESPACE")} create rolebinding "
                    + $"{gap.BindingName} --clusterrole={approverRole} --group={gap.Line.Groups[0]}";
            }
        }
    }

    public static string NotChecked(string why) => $"the groups of spec.approval.quorum were not checked: {why}";

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
