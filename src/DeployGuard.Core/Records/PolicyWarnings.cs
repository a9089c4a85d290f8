using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

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

    /// <summary>A scope without anything in it: mostly a misspelt label.</summary>
    public static string? OfEmptyScope(SafeguardPolicy policy, PolicyReach reach)
    {
        var match = policy.Match;
        return match.Namespaces.Requirements.Count > 0 && reach.Namespaces.Count == 0
            ? reach.Exempted.Count > 0
                ? $"spec.match.namespaceSelector selects only {Named(reach.Exempted)}, where DeployGuard guards nothing: its own and the "
                    + "namespaces of Kubernetes are exempt. Select other namespaces"
                : "spec.match.namespaceSelector selects no namespace now, so the policy applies to nothing. Compare it with the labels: "
                    + "kubectl get namespaces --show-labels"
            // Bare pods are not counted.
            : reach is { Workloads: 0, Present: > 0 } && !match.Kinds.Contains(BuiltInKinds.Pod.Name)
                ? $"spec.match selects none of the {Count(reach.Present, "workload")} in its "
                    + $"{Count(reach.Namespaces.Count, "namespace")}, so the "
                    + $"policy applies to nothing now. Compare the labels: kubectl -n {reach.Namespaces[0]} get "
                    + "deployments,statefulsets --show-labels"
                : null;
    }

    /// <summary>A policy whose period is over.</summary>
    public static string? OfPeriod(SafeguardPolicy policy, DateTimeOffset now) =>
        policy.Active.Until is { } until && until <= now
            ? $"spec.active ended at {Rfc3339.Show(until)}, so {(policy.Freeze is null ? "the policy" : "the freeze")} "
                + $"applies to nothing; now it is {now.UtcDateTime:yyyy-MM-dd'T'HH:mm'Z'}. Set a later active.until, or delete the policy"
            : null;

    /// <summary>A policy that exempts everybody whom it could refuse.</summary>
    public static string? OfExemption(SafeguardPolicy policy, PolicyReach reach, DeployRights rights) =>
        rights.ExemptAlone(policy.Exempt, reach.Namespaces) is { Count: > 0 } exempt
            ? $"spec.exempt has everybody whom a binding lets change Deployments where it matches ({Named(exempt)}; cluster "
                + "admins aside), so it refuses nobody. Remove those from spec.exempt whom it is to guard"
            : null;

    /// <summary>Kinds that serve users, and whose new revisions can be proven by none of the accepted rollout methods.</summary>
    public static string? OfAccept(SafeguardPolicy policy)
    {
        if (policy.Canary is not { Required: not Required.Never } canary)
        {
            return null;
        }

        var kinds = WorkloadKinds.BuiltIn;
        var stuck = kinds
            .Names.Where(name =>
                policy.Match.IncludesKind(name)
                && kinds.Find(name) is { InPlace: not null } kind
                && !canary.CanProve(kind)
                && !canary.CanProveElsewhere(kind)
            )
            .ToList();
        return stuck.Count == 0
            ? null
            : $"spec.canary.accept: {string.Join(" and ", canary.Accept)} can prove no {string.Join(" or ", stuck)}"
                + $"{(canary.Covers is CanaryCovers.Template ? " under covers: Template" : "")}, so these cannot change where "
                + "they serve users. "
                + $"Accept {(canary.Covers is CanaryCovers.Images ? "Pool or Pace" : "Pace")} too, or leave the kinds out of match.kinds";
    }

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
                yield return $"{at}: no binding lets {string.Join(" or ", gap.Line.Groups)} approve {where}, so nobody can fill "
                    + $"it{(gap.Without.Count == 0 ? "" : " there")}";
                yield return $"Bind the approver role: kubectl -n {gap.Without.FirstOrDefault("NAMESPACE")} create rolebinding "
                    + $"{gap.BindingName} --clusterrole={approverRole} --group={gap.Line.Groups[0]}";
            }
        }
    }

    public static string NotChecked(string why) => $"the groups of spec.approval.quorum, and spec.exempt, were not checked: {why}";

    private static string Named(IReadOnlyList<string> names) =>
        names.Count == 1 ? Short(names[0]) : $"{Short(names[0])} and {names.Count - 1} more";

    /// <summary>A group's name may have any length, and the remedy must not be cut off.</summary>
    private static string Short(string name) => name.Length <= 63 ? name : $"{name[..60]}...";

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
