using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// A short summary of the changes between two templates, for <c>kubectl get change -o yaml</c>. Cuts are marked; the ChangeTemplate of the
/// same name has the whole templates.
/// </summary>
public static class TemplateDiff
{
    private const int MaxLines = 20;
    private const int MaxValue = 60;
    private const int MaxFields = 5;

    /// <summary>Fields of one list item that are listed separately.</summary>
    private const int MaxOfItem = 3;

    /// <summary>Characters shown before the first difference in a value that is cut.</summary>
    private const int Lead = 15;

    /// <summary>The summary is computed while the API server waits. A webhook call that takes too long may be skipped.</summary>
    private const int MaxTemplate = 1024 * 1024;

    /// <summary>
    /// Lines <c>spec.containers[web].image: a -> b</c>, access to the node first. The last line counts the lines left out.
    /// </summary>
    /// <param name="before">Null if there was no template before: then everything is new.</param>
    /// <param name="after">Null if only the hash is known; then there are no lines.</param>
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

        using var old = before is null ? null : CanonicalDocument.Of(before.Json, before.Claims);
        var differences = Differences(old, after);
        return differences.Count <= MaxLines
            ? [.. differences.Select(Short)]
            : [.. differences.Take(MaxLines).Select(Short), $"... and {differences.Count - MaxLines} more: kubectl deployguard show"];
    }

    /// <summary>
    /// The fields in which a recorded template and a requested one differ, access to the node first: the first few paths, without values.
    /// </summary>
    /// <returns><c>spec.containers[web].env[FOO].value and 2 more</c>; empty if they are too large to compare during a request.</returns>
    public static string FieldsBetween(RecordedTemplate before, CanonicalTemplate after)
    {
        if (before.Bytes + after.Json.Length > MaxTemplate)
        {
            return "";
        }

        using var old = before.Read();
        return Named(Differences(old, after));
    }

    /// <summary>The fields in which two templates of a request differ.</summary>
    public static string FieldsBetween(CanonicalTemplate before, CanonicalTemplate after)
    {
        if (before.Json.Length + after.Json.Length > MaxTemplate)
        {
            return "";
        }

        using var old = CanonicalDocument.Of(before.Json, before.Claims);
        return Named(Differences(old, after));
    }

    private static string Named(IReadOnlyList<Difference> differences)
    {
        var fields = differences
            .GroupBy(d => ItemOf(d.Path))
            .SelectMany(g => g.Count() > MaxOfItem ? [g.Key] : g.Select(d => d.Path))
            .ToList();
        var named = string.Join(", ", fields.Take(MaxFields));
        return fields.Count <= MaxFields ? named : $"{named} and {fields.Count - MaxFields} more";
    }

    /// <summary>
    /// The first list item on a path, <c>spec.containers[web]</c>, or the path itself. An item with many differences is named as a whole.
    /// </summary>
    private static string ItemOf(string path) => path.IndexOf(']', StringComparison.Ordinal) is var end and > 0 ? path[..(end + 1)] : path;

    private static IReadOnlyList<Difference> Differences(JsonDocument? before, CanonicalTemplate after)
    {
        using var current = CanonicalDocument.Of(after.Json, after.Claims);
        return TemplateComparison.Between(before?.RootElement, current.RootElement);
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

    /// <param name="differsAt">
    /// Index of a character that the shown part must contain, so that two different values never look the same.
    /// </param>
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
