using System.Text.Json;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Cli.Views;

/// <summary>Everything that a Change would change, as an approver reads it before the vote.</summary>
/// <param name="Text">Safe to print.</param>
/// <param name="IsComplete">Whether it shows everything that an approval signs.</param>
internal sealed record TemplateView(string Text, bool IsComplete)
{
    /// <summary>For commands that show no template.</summary>
    public static TemplateView Empty { get; } = new("", false);

    /// <param name="stored">The ChangeTemplate of the Change.</param>
    /// <param name="unreviewed">
    /// Hashes of revisions of the workload that a break-glass admitted and nobody reviewed; null if the user may not list Changes.
    /// </param>
    /// <param name="isFull">Also new fields that have the API server's default value.</param>
    public static TemplateView Of(ChangeView change, StoredTemplate stored, bool isFull, IReadOnlySet<string>? unreviewed)
    {
        if (stored.Item is not { } item)
        {
            return Incomplete(change, stored.Problem);
        }

        if (TemplateRecord.ReadOrNull(item) is not { } record || !record.IsOf(change.Parsed?.TemplateHash ?? ""))
        {
            return Incomplete(change, "The ChangeTemplate on record is of another revision.");
        }

        return record switch
        {
            { TooLarge: true } => Incomplete(
                change,
                $"The template is too large to record ({record.Bytes / 1024} KiB), so it cannot be shown. Ask the requester to "
                    + "move data into a ConfigMap."
            ),
            { After: null } => Incomplete(change, "The template on record does not match the hash of this Change."),
            { After: { } after } => new TemplateView(string.Join('\n', Complete(record, after, isFull, unreviewed)), true),
        };
    }

    private static IEnumerable<string> Complete(
        TemplateRecord record,
        RecordedTemplate after,
        bool isFull,
        IReadOnlySet<string>? unreviewed
    )
    {
        using var current = after.Read();
        // What nobody reviewed is no base: its fields would be signed without being shown.
        var isBase = record.Before is { } ran && unreviewed?.Contains(ran.Hash) == false;
        using var before = isBase ? record.Before?.Read() : null;
        var differences = TemplateComparison.Between(before?.RootElement, current.RootElement);
        yield return record.Before is { } old && !isBase
            ? $"The complete template, because {(unreviewed is null ? "you may not list Changes, so it is unknown who reviewed" : "nobody has reviewed")} "
                + $"revision {old.Hash}, which ran before it: {Count(differences.Count)}"
        : record.Before is { } reviewed
            ? $"Differences from revision {reviewed.Hash}, which ran when the change was requested at {record.At:u}: {Count(differences.Count)}"
        : record.BeforeIsUnknown ? $"The complete template, because the revision before it is not on record: {Count(differences.Count)}"
        : $"The complete template, because nothing ran before it: {Count(differences.Count)}";
        var folded = isFull ? [] : differences.Where(ServerDefault.Is).ToList();
        foreach (var line in DifferencePage.Of([.. differences.Except(folded)]))
        {
            yield return line;
        }

        if (folded.Count > 0)
        {
            yield return $"Signed and folded: {Count(folded.Count)} with the API server's default value; to read them, add --full";
        }

        foreach (var line in Injected(current.RootElement))
        {
            yield return line;
        }

        foreach (var line in LeftOut(record, after))
        {
            yield return line;
        }
    }

    /// <summary>What known injectors will add to the pods. The template does not contain it.</summary>
    private static IEnumerable<string> Injected(JsonElement template)
    {
        var annotations =
            template.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("annotations", out var map)
                ? map.EnumerateObject().ToDictionary(a => a.Name, a => a.Value.ToString())
                : [];
        return InjectionTable
            .BuiltIn.UnreadableIn(annotations, "metadata.annotations")
            .Select(injection =>
                injection.IsGuess
                    ? $"Not signed: the image in annotation {VisibleText.Line(injection.Key)}, if an injector reads it"
                    : $"Not signed: what {injection.By.Injector} adds because of annotation {VisibleText.Line(injection.Key)}"
            );
    }

    private static List<string> LeftOut(TemplateRecord record, RecordedTemplate after)
    {
        using var current = JsonDocument.Parse(after.Unhashed.Length > 0 ? after.Unhashed : "{}"u8.ToArray());
        using var before = JsonDocument.Parse(record.Before is { Unhashed.Length: > 0 } was ? was.Unhashed : "{}"u8.ToArray());
        var differences = TemplateComparison.Between(before.RootElement, current.RootElement);
        List<string> lines =
            differences.Count == 0
                ? []
                :
                [
                    "Not signed (the hash leaves it out, and it may change without a new approval)",
                    .. DifferencePage.Of((IEnumerable<Difference>)differences),
                ];
        return record.LeftOutIsWhole
            ? lines
            : [.. lines, "Not signed, and too large to show: labels and annotations that the hash leaves out."];
    }

    private static TemplateView Incomplete(ChangeView change, string why)
    {
        List<string> lines =
        [
            "INCOMPLETE: the template cannot be shown in full. An approval signs all of it, also what is missing here.",
            VisibleText.Inline(why),
            .. change.Diff.Any() ? (string[])["Differences on the Change, with long values cut:"] : [],
            .. change.Diff.Select(d => $"  {VisibleText.Inline(d)}"),
            $"To see it in full, ask the requester to apply the change again, then run: kubectl deployguard show {change.Name} "
                + $"-n {change.Namespace}",
        ];
        return new TemplateView(string.Join('\n', lines), false);
    }

    private static string Count(int fields) => fields == 1 ? "1 field" : $"{fields} fields";
}

/// <summary>A ChangeTemplate as the server returned it, or why there is none.</summary>
internal sealed record StoredTemplate(JsonElement? Item, string Problem);
