namespace DeployGuard.Core.Workloads;

/// <summary>
/// The difference in labels and annotations outside the hash. Approvals do not cover these, so approvers are shown them separately.
/// </summary>
public static class UnhashedDiff
{
    private const int MaxLines = 20;
    private const int MaxValue = 120;

    /// <summary>Lines <c>not hashed: metadata.annotations.x: a -> b</c>, in the order of the paths.</summary>
    /// <param name="before">Null if there was no template before.</param>
    /// <param name="after">Null if only the hash is known; then there are no lines.</param>
    public static IReadOnlyList<string> Between(CanonicalTemplate? before, CanonicalTemplate? after)
    {
        if (after is null)
        {
            return [];
        }

        var (old, now) = (Map(before), Map(after));
        var lines = old
            .Keys.Union(now.Keys)
            .Order(StringComparer.Ordinal)
            .Where(path => old.GetValueOrDefault(path) != now.GetValueOrDefault(path))
            .Select(path => $"not hashed: {path}: {Show(old.GetValueOrDefault(path))} -> {Show(now.GetValueOrDefault(path))}")
            .ToList();
        return lines.Count <= MaxLines ? lines : [.. lines.Take(MaxLines), $"not hashed: ... and {lines.Count - MaxLines} more"];
    }

    private static Dictionary<string, string> Map(CanonicalTemplate? template) =>
        (template?.Unhashed ?? []).GroupBy(l => l.Path).ToDictionary(g => g.Key, g => g.First().Value);

    private static string Show(string? value) =>
        value is null ? "(absent)"
        : value.Length > MaxValue ? string.Concat(value.AsSpan(0, MaxValue), "...")
        : value;
}
