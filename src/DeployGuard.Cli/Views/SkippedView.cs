using DeployGuard.Manifests;

namespace DeployGuard.Cli.Views;

/// <summary>What <c>check</c> did not evaluate, and why.</summary>
internal static class SkippedView
{
    /// <summary>A line for each kind of object that the cluster would evaluate.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<CheckCase> cases) =>
        [
            .. cases
                .SelectMany(c => c.Skipped.Templates)
                .GroupBy(t => (t.Group, t.Kind, t.Path))
                .Select(same => Named(same.First(), same.Count() - 1)),
            .. cases
                .SelectMany(c => c.TrafficUnderCanary())
                .GroupBy(t => t.Kind)
                .Select(same => Traffic(same.Key, same.Count(), [.. same.SelectMany(t => t.Policies).Distinct()])),
        ];

    /// <summary>Null if nothing was skipped.</summary>
    public static string? Summary(IReadOnlyList<CheckCase> cases)
    {
        var kinds = cases
            .SelectMany(c => c.Skipped.Counts)
            .GroupBy(c => c.Key, c => c.Value, StringComparer.Ordinal)
            .Select(g => (Kind: g.Key, Count: g.Sum()))
            .OrderBy(k => k.Kind, StringComparer.Ordinal)
            .ToList();
        var all = kinds.Sum(k => k.Count);
        return all == 0
            ? null
            : $"skipped {all} object{(all == 1 ? "" : "s")} of other kinds: {string.Join(", ", kinds.Select(k => $"{k.Kind} {k.Count}"))}";
    }

    private static string Named(SkippedTemplate template, int more) =>
        $"{template.Source}: skipped a {template.Kind} of {template.Group}{(more > 0 ? $" (and {more} more)" : "")}, which has a pod template "
        + $"at {template.Path}; "
        + (template.FlagOrNull is { } flag ? $"check it with {flag}" : "the cluster evaluates the workloads that its controller creates");

    private static string Traffic(string kind, int count, IReadOnlyList<string> policies) =>
        $"skipped {count} {Plural(kind, count)}: {(policies.Count == 1 ? "policy" : "policies")} {string.Join(", ", policies)} "
        + $"{(policies.Count == 1 ? "has" : "have")} a canary, and only the cluster knows which pods would get users; they are evaluated when "
        + "they are applied there";

    private static string Plural(string kind, int count) => count == 1 || kind.EndsWith('s') ? kind : $"{kind}s";
}
