using System.Text.Json;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Cli;

/// <summary>All that a Change would change, as an approver reads it before the vote.</summary>
/// <param name="Text">Safe to print.</param>
/// <param name="IsWhole">Nothing that an approval signs is missing from it.</param>
internal sealed record ShownChange(string Text, bool IsWhole)
{
    /// <summary>Where nobody is asked to look.</summary>
    public static ShownChange Nothing { get; } = new("", false);

    /// <param name="templates">The ChangeTemplate of the Change.</param>
    public static ShownChange Of(ChangeView change, StoredTemplate templates)
    {
        if (templates.Item is not { } item)
        {
            return Cut(change, templates.Why);
        }

        if (TemplateRecord.ReadOrNull(item) is not { } record || !record.IsOf(change.Recorded?.TemplateHash ?? ""))
        {
            return Cut(change, "The ChangeTemplate on record is not that of this Change.");
        }

        return record switch
        {
            { TooLarge: true } => Cut(change, $"The template is too large to be kept ({record.Bytes / 1024} KiB), so nobody can be shown what an approval signs. Ask the requester to move data out of it into a ConfigMap."),
            { After: null } => Cut(change, "The template on record is not the one that the hash of this Change stands for."),
            { After: { } after } => new ShownChange(string.Join('\n', Whole(record, after)), true),
        };
    }

    private static IEnumerable<string> Whole(TemplateRecord record, RecordedTemplate after)
    {
        using var current = after.Read();
        using var before = record.Before?.Read();
        var differences = TemplateComparison.Between(before?.RootElement, current.RootElement);
        yield return record.Before is { } old ? $"All that differs from revision {old.Hash}, which ran when this was asked for at {record.At:u}: {Count(differences.Count)}"
            : record.BeforeIsUnknown ? $"The whole template, because what it replaces is not on record: {Count(differences.Count)}"
            : $"The whole template, because nothing ran before: {Count(differences.Count)}";
        foreach (var line in DifferencePage.Of(differences))
        {
            yield return line;
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

    /// <summary>What injectors that this version knows will add to the pods, of which nothing is in the template.</summary>
    private static IEnumerable<string> Injected(JsonElement template)
    {
        var annotations = template.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("annotations", out var map)
            ? map.EnumerateObject().ToDictionary(a => a.Name, a => a.Value.ToString())
            : [];
        return InjectionTable.BuiltIn.UnreadableIn(annotations, "metadata.annotations").Select(injection => injection.IsGuess
            ? $"Not part of what is signed: the image of annotation {VisibleText.Line(injection.Key)}, if an injector reads it"
            : $"Not part of what is signed: what {injection.By.Injector} adds because of annotation {VisibleText.Line(injection.Key)}");
    }

    private static List<string> LeftOut(TemplateRecord record, RecordedTemplate after)
    {
        using var current = JsonDocument.Parse(after.LeftOut.Length > 0 ? after.LeftOut : "{}"u8.ToArray());
        using var before = JsonDocument.Parse(record.Before is { LeftOut.Length: > 0 } was ? was.LeftOut : "{}"u8.ToArray());
        var differences = TemplateComparison.Between(before.RootElement, current.RootElement);
        List<string> lines = differences.Count == 0 ? [] : ["Not part of what is signed (the hash leaves it out, and it may change without another approval)", .. DifferencePage.Of((IEnumerable<Difference>)differences)];
        return record.LeftOutIsWhole ? lines : [.. lines, "Labels and annotations that the hash leaves out are too large to be shown. They are not part of what is signed."];
    }

    private static ShownChange Cut(ChangeView change, string why)
    {
        List<string> lines =
        [
            "NOT ALL OF IT CAN BE SHOWN. An approval signs the whole template, also what is missing here.",
            VisibleText.Line(why),
            .. change.Diff.Any() ? (string[])["These lines of the Change are cut:"] : [],
            .. change.Diff.Select(d => $"  {VisibleText.Line(d)}"),
            $"To see all of it, ask the requester to apply the change again, then run: kubectl deployguard show {change.Name} -n {change.Namespace}",
        ];
        return new ShownChange(string.Join('\n', lines), false);
    }

    private static string Count(int fields) => fields == 1 ? "1 field" : $"{fields} fields";
}

/// <summary>A ChangeTemplate as the server gave it, or the reason why it did not.</summary>
internal sealed record StoredTemplate(JsonElement? Item, string Why);
