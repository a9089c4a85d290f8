using System.Text.Json;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Cli.Views;

/// <summary>Everything that a Change would change, as an approver reads it before the vote.</summary>
/// <param name="Text">Safe to print.</param>
/// <param name="IsComplete">Whether it shows everything that an approval signs.</param>
internal sealed record TemplateView(string Text, bool IsComplete)
{
    /// <summary>One line that names what differs; empty if that is not known.</summary>
    public string Summary { get; private init; } = "";

    /// <summary>For commands that show no template.</summary>
    public static TemplateView Empty { get; } = new("", false);

    private static readonly TemplateView s_adopted = new(
        "Adopted: it ran before an enforcing policy first matched its namespace. It needs no approval, and its template is not on record.",
        false
    )
    {
        NeedsNoApproval = true,
    };

    /// <summary>It was never requested, so there is nothing to sign.</summary>
    public bool NeedsNoApproval { get; private init; }

    /// <param name="stored">The ChangeTemplate of the Change.</param>
    /// <param name="isFull">Also new fields that have the API server's default value.</param>
    /// <param name="siblings">All Changes of the namespace; null if the user may not list them.</param>
    public static TemplateView Of(ChangeView change, StoredTemplate stored, bool isFull, IReadOnlyList<ChangeView>? siblings)
    {
        if (stored.Item is not { } item)
        {
            return change.Parsed is { Adopted: true, HasOpenRequirements: false } && !stored.IsForbidden
                ? s_adopted
                : Incomplete(change, stored.Problem, stored.IsForbidden);
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
            { After: { } after } => Complete(change, record, after, isFull, siblings),
        };
    }

    private static TemplateView Complete(
        ChangeView change,
        TemplateRecord record,
        RecordedTemplate after,
        bool isFull,
        IReadOnlyList<ChangeView>? siblings
    )
    {
        using var current = after.Read();
        var doubt = ComparisonBase.DoubtOf(change, record, siblings);
        using var before = doubt.Length == 0 ? record.Before?.Read() : null;
        var differences = TemplateComparison.Between(before?.RootElement, current.RootElement);
        var title =
            record.Before is { } known && doubt.Length == 0
                ? $"Differences from revision {known.Hash}, which ran when the change was requested at {Rfc3339.Show(record.At)}"
                : $"The complete template, because {doubt}";
        var folded = isFull ? [] : differences.Where(ServerDefault.Is).ToList();
        var shown = differences.Except(folded).ToList();
        var kept = before is null ? [] : KeptPrivileges.Of(current.RootElement, differences);
        List<string> lines =
        [
            $"{title}: {Count(differences.Count)}",
            .. DifferencePage.Of(shown, isFull),
            .. folded.Count > 0
                ? (string[])[$"Signed and folded: {Count(folded.Count)} with the API server's default value; to read them, add --full"]
                : [],
            .. kept.Count > 0 ? (string[])["Signed too, and as in the revision before:", .. DifferencePage.Kept(kept)] : [],
            .. Injected(current.RootElement),
            .. LeftOut(record, after),
        ];
        return new TemplateView(string.Join('\n', lines), true)
        {
            Summary = $"{(before is null ? "The complete template" : "Changes")}: {DifferencePage.Summary(shown)}",
        };
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
                    .. DifferencePage.WithoutTitles(differences),
                ];
        return record.LeftOutIsWhole
            ? lines
            : [.. lines, "Not signed, and too large to show: labels and annotations that the hash leaves out."];
    }

    /// <param name="isForbidden">The template may be on record; the user lacks a right.</param>
    private static TemplateView Incomplete(ChangeView change, string why, bool isForbidden = false)
    {
        var show = $"kubectl deployguard show {change.Name} -n {change.Namespace}";
        List<string> lines =
        [
            "INCOMPLETE: the template cannot be shown in full. An approval signs all of it, also what is missing here.",
            VisibleText.Inline(why),
            .. change.Diff.Any() ? (string[])["Differences on the Change, with long values cut:"] : [],
            .. change.Diff.Select(d => $"  {VisibleText.Inline(d)}"),
            isForbidden
                ? $"To see it in full, get that right, then run: {show}"
                : $"To see it in full, ask the requester to apply the change again, then run: {show}",
        ];
        return new TemplateView(string.Join('\n', lines), false);
    }

    private static string Count(int fields) => fields == 1 ? "1 field" : $"{fields} fields";
}

/// <summary>A ChangeTemplate as the server returned it, or why there is none.</summary>
internal sealed record StoredTemplate(JsonElement? Item, string Problem)
{
    /// <summary>Whether the user may not read it. It may well be there.</summary>
    public bool IsForbidden { get; init; }
}
