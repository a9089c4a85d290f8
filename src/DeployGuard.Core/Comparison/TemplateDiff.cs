using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// What changed between two templates in a few lines, for <c>kubectl get change -o yaml</c>. It is cut and says so; all of it is in the ChangeTemplate of the
/// same name.
/// </summary>
public static class TemplateDiff
{
    private const int MaxLines = 20;
    private const int MaxValue = 60;

    /// <summary>What is shown before the first character that differs, where a value is cut.</summary>
    private const int Lead = 15;

    /// <summary>It is worked out while the API server waits for an answer; a call that takes too long may pass.</summary>
    private const int MaxTemplate = 1024 * 1024;

    /// <summary>Lines <c>spec.containers[web].image: a -> b</c>, what opens the node first; the last says how many were left out.</summary>
    /// <param name="before">Null where there was nothing before: everything is new then.</param>
    /// <param name="after">Null where only its hash is known: no lines.</param>
    public static IReadOnlyList<string> Between(CanonicalTemplate? before, CanonicalTemplate? after)
    {
        if (after is null)
        {
            return [];
        }

        if (after.Json.Length + (before?.Json.Length ?? 0) > MaxTemplate)
        {
            return [$"the pod template is too large to be compared here: {after.Json.Length / 1024} KiB"];
        }

        var differences = Differences(before, after);
        return differences.Count <= MaxLines
            ? [.. differences.Select(Short)]
            : [.. differences.Take(MaxLines).Select(Short), $"... and {differences.Count - MaxLines} more: kubectl deployguard show"];
    }

    /// <summary>
    /// Where two templates differ, such as <c>spec.containers[web].image</c>, without values; empty where they are too large to be
    /// compared in a request.
    /// </summary>
    public static IReadOnlyList<string> Places(CanonicalTemplate before, CanonicalTemplate after) =>
        after.Json.Length + before.Json.Length > MaxTemplate ? [] : [.. Differences(before, after).Select(d => d.Path)];

    private static IReadOnlyList<Difference> Differences(CanonicalTemplate? before, CanonicalTemplate after)
    {
        using var old = before is null ? null : CanonicalDocument.Of(before.Json, before.Claims);
        using var current = CanonicalDocument.Of(after.Json, after.Claims);
        return TemplateComparison.Between(old?.RootElement, current.RootElement);
    }

    private static string Short(Difference difference)
    {
        var (before, after) = (Joined(difference.Before), Joined(difference.After));
        var start = before is null || after is null ? 0 : before.Zip(after).TakeWhile(pair => pair.First == pair.Second).Count();
        var isCut = Math.Max(before?.Length ?? 0, after?.Length ?? 0) > MaxValue;
        var where = isCut && start > 0 ? $"differs at character {start + 1}: " : "";
        return $"{difference.Path}: {where}{Cut(before, isCut ? start : 0)} -> {Cut(after, isCut ? start : 0)}";
    }

    private static string? Joined(IReadOnlyList<string>? lines) => lines is null ? null : string.Join("<LF>", lines);

    /// <param name="differsAt">The piece that is shown holds this character, so that two that differ never look the same.</param>
    private static string Cut(string? value, int differsAt)
    {
        if (value is null)
        {
            return "(absent)";
        }

        var from = Math.Max(0, differsAt - Lead);
        var to = Math.Min(value.Length, from + MaxValue);
        var cut = from > 0 || to < value.Length ? $" (cut from {value.Length} characters)" : "";
        return $"{(from > 0 ? "..." : "")}{value[from..to]}{(to < value.Length ? "..." : "")}{cut}";
    }
}
