namespace DeployGuard.Core.Workloads;

/// <summary>What an approval is not bound to, where it differs: approvers are shown that too.</summary>
public static class LeftOutDiff
{
    private const int MaxLines = 20;
    private const int MaxValue = 120;

    /// <summary>Lines <c>not hashed: metadata.annotations.x: a -> b</c>, in the order of the paths.</summary>
    /// <param name="before">Null where there was nothing before.</param>
    /// <param name="after">Null where only its hash is known: no lines.</param>
    public static IReadOnlyList<string> Between(CanonicalTemplate? before, CanonicalTemplate? after)
    {
        if (after is null)
        {
            return [];
        }

        var (old, now) = (Map(before), Map(after));
        var lines = old.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Where(path => old.GetValueOrDefault(path) != now.GetValueOrDefault(path))
            .Select(path => $"not hashed: {path}: {Show(old.GetValueOrDefault(path))} -> {Show(now.GetValueOrDefault(path))}")
            .ToList();
        return lines.Count <= MaxLines ? lines : [.. lines.Take(MaxLines), $"not hashed: ... and {lines.Count - MaxLines} more"];
    }

    private static Dictionary<string, string> Map(CanonicalTemplate? template) =>
        (template?.LeftOut ?? []).GroupBy(l => l.Path).ToDictionary(g => g.Key, g => g.First().Value);

    private static string Show(string? value) =>
        value is null ? "(absent)" : value.Length > MaxValue ? string.Concat(value.AsSpan(0, MaxValue), "...") : value;
}
