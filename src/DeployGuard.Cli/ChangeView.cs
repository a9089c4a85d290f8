using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Cli;

/// <summary>A Change as it is shown to people: what decisions rest on, and what only people read.</summary>
internal sealed class ChangeView
{
    public ChangeView(JsonElement item)
    {
        Json = item.Clone();
        try
        {
            Recorded = ChangeJson.ReadOrNull(item);
        }
        catch (MalformedObjectException wrong)
        {
            Problem = wrong.Message;
        }
    }

    public JsonElement Json { get; }

    /// <summary>Null for an object that DeployGuard cannot have written.</summary>
    public Change? Recorded { get; }

    /// <summary>Why it cannot be read, with the path; null if it can.</summary>
    public string? Problem { get; }

    public string Name => Text("metadata", "name");

    public string Namespace => Text("metadata", "namespace");

    public string Phase => Text("status", "phase");

    public string Origin => Text("status", "origin", "kind");

    /// <summary>What keeps it from passing; or, where it passed by break-glass, the look of somebody else.</summary>
    public string Missing =>
        Problem is { } problem ? $"cannot be read: {problem}"
        : Recorded is { IsUnreviewed: true } ? "review of a break-glass"
        : Text("status", "missing");

    /// <summary>Somebody is to vote on it. What completed before waits as well, if its workload is to be made anew.</summary>
    public bool Waits => Phase is nameof(Core.Changes.Phase.Pending) or nameof(Core.Changes.Phase.Rejected) || Recorded is { Waits: true };

    public DateTimeOffset CreatedAt => DateTimeOffset.TryParse(Text("metadata", "creationTimestamp"), out var time) ? time : default;

    public IReadOnlyList<string> Requesters => Recorded?.Requesters ?? [];

    public IEnumerable<string> Images => Items("spec", "images").Select(i =>
        i.TryGetProperty("from", out var from) && !from.ValueEquals(i.GetProperty("to").GetString()) ? $"{from} -> {i.GetProperty("to")}" : $"{i.GetProperty("to")}");

    public IEnumerable<string> Diff => Items("spec", "diff").Select(d => d.ToString());

    /// <summary>The releases that it says it belongs to.</summary>
    public IEnumerable<string> ChangeIds => Items("status", "changeIds").Select(i => i.ToString());

    public IEnumerable<string> Policies => Items("status", "policies").Select(p => $"{p.GetProperty("name")} ({p.GetProperty("mode")}) wants {p.GetProperty("wants")}");

    public IEnumerable<string> Approvals => Items("status", "approvals").Select(a =>
        $"{a.GetProperty("decision")} by {a.GetProperty("approver")} at {a.GetProperty("at")}{(a.TryGetProperty("expired", out _) ? ", expired" : "")}");

    public IEnumerable<string> BreakGlass => Items("status", "breakGlass").Select(b =>
        $"{b.GetProperty("name")} by {b.GetProperty("by")}, {b.GetProperty("incident")}: {b.GetProperty("reason")}; {(b.TryGetProperty("reviewedBy", out var by) ? $"reviewed by {by}" : "not reviewed")}");

    public IEnumerable<string> Findings => Items("status", "findings").Select(f => $"{f.GetProperty("reason")} ({f.GetProperty("policy")}): {f.GetProperty("message")}");

    private string Text(params ReadOnlySpan<string> path) => Find(path) is { ValueKind: JsonValueKind.String } text ? text.GetString() ?? "" : "";

    private IEnumerable<JsonElement> Items(params ReadOnlySpan<string> path) => Find(path) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

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
