using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>A Change as people see it: the fields that the evaluation reads, and those that only people read.</summary>
internal sealed class ChangeView
{
    public ChangeView(JsonElement item)
    {
        Json = item.Clone();
        try
        {
            Parsed = ChangeReader.ReadOrNull(item);
        }
        catch (MalformedObjectException wrong)
        {
            Problem = wrong.Message;
        }
    }

    public JsonElement Json { get; }

    /// <summary>Null for an object that DeployGuard cannot have written.</summary>
    public Change? Parsed { get; }

    /// <summary>Why it cannot be read, with the path of the field; null if it can.</summary>
    public string? Problem { get; }

    public string Name => Text("metadata", "name");

    public string Namespace => Text("metadata", "namespace");

    public string Phase => Text("status", "phase");

    public string Origin => Text("status", "origin", "kind");

    /// <summary>What it waits for: an approval; or, after a break-glass, a review.</summary>
    public string Missing =>
        Problem is { } problem ? $"cannot be read: {problem}"
        : Parsed is { IsUnreviewed: true } ? "break-glass review"
        : Text("status", "missing");

    /// <summary>Whether it awaits a vote. A completed change does too, if its workload is to be created again.</summary>
    public bool AwaitsVote =>
        Phase is nameof(Core.Changes.Phase.Pending) or nameof(Core.Changes.Phase.Rejected) || Parsed is { HasOpenRequirements: true };

    public DateTimeOffset CreatedAt => DateTimeOffset.TryParse(Text("metadata", "creationTimestamp"), out var time) ? time : default;

    public IReadOnlyList<string> Requesters => Parsed?.Requesters ?? [];

    public IEnumerable<string> Images =>
        Items("spec", "images")
            .Select(i =>
                i.TryGetProperty("from", out var from) && !from.ValueEquals(i.GetProperty("to").GetString())
                    ? $"{from} -> {i.GetProperty("to")}"
                    : $"{i.GetProperty("to")}"
            );

    public IEnumerable<string> Diff => Items("spec", "diff").Select(d => d.ToString());

    /// <summary>The releases that it belongs to, by its annotation deployguard.io/change-id.</summary>
    public IEnumerable<string> ChangeIds => Items("status", "changeIds").Select(i => i.ToString());

    public IEnumerable<string> Policies =>
        Items("status", "policies").Select(p => $"{p.GetProperty("name")} ({p.GetProperty("mode")}) requires {p.GetProperty("wants")}");

    public IEnumerable<string> Approvals =>
        Items("status", "approvals")
            .Select(a =>
                $"{a.GetProperty("decision")} by {a.GetProperty("approver")} at "
                + $"{a.GetProperty("at")}{(a.TryGetProperty("expired", out _) ? ", expired" : "")}"
            );

    public IEnumerable<string> BreakGlass =>
        Items("status", "breakGlass")
            .Select(b =>
                $"{b.GetProperty("name")} by {b.GetProperty("by")}, {b.GetProperty("incident")}: {b.GetProperty("reason")}; "
                + $"{(b.TryGetProperty("reviewedBy", out var by) ? $"reviewed by {by}" : "not reviewed")}"
            );

    public IEnumerable<string> Findings =>
        Items("status", "findings").Select(f => $"{f.GetProperty("reason")} ({f.GetProperty("policy")}): {f.GetProperty("message")}");

    private string Text(params ReadOnlySpan<string> path) =>
        Find(path) is { ValueKind: JsonValueKind.String } text ? text.GetString() ?? "" : "";

    private IEnumerable<JsonElement> Items(params ReadOnlySpan<string> path) =>
        Find(path) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

    private JsonElement? Find(ReadOnlySpan<string> path)
    {
        var place = Json;
        foreach (var name in path)
        {
            if (place.ValueKind is not JsonValueKind.Object || !place.TryGetProperty(name, out place))
            {
                return null;
            }
        }

        return place;
    }
}
