using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
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
        : Parsed is { AwaitsReview: true } && !OpenRequirements.IsReview(Text("status", "missing")) ? OpenRequirements.Review
        : Text("status", "missing");

    /// <summary>
    /// Whether it awaits a vote. A completed change does too, if its workload is to be created again. One that has every approval awaits
    /// its requester.
    /// </summary>
    public bool AwaitsVote =>
        !OpenRequirements.IsRetry(Missing)
        && (Phase is nameof(Core.Changes.Phase.Pending) or nameof(Core.Changes.Phase.Rejected) || Parsed is { HasOpenRequirements: true });

    /// <summary>The votes of a user that still exist.</summary>
    public IEnumerable<RecordedVote> VotesOf(string user) => Votes.Where(v => v.By == user);

    /// <summary>The approvers with a vote of this kind that still exists.</summary>
    public IEnumerable<string> StandingVotes(Decision decision) => Votes.Where(v => v.Decision == decision).Select(v => v.By);

    /// <summary>Whether it lists a vote, and its effect.</summary>
    public bool Lists(string vote) => Items("status", "approvals").Any(a => Of(a, "name") == vote && a.TryGetProperty("counts", out _));

    /// <summary>For what a vote counts.</summary>
    public IReadOnlyList<string> CountsOf(string vote) =>
        [.. Items("status", "approvals").Where(a => Of(a, "name") == vote).SelectMany(CountsOf)];

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
        Items("status", "policies").Select(p => $"{p.GetProperty("name")} ({p.GetProperty("mode")}): {p.GetProperty("wants")}");

    /// <summary>The policies of its last request with the mode that each had then.</summary>
    public IEnumerable<(string Policy, Mode Mode)> PolicyModes =>
        Items("status", "policies")
            .Where(p => p.ValueKind is JsonValueKind.Object && Enum.TryParse<Mode>(Of(p, "mode"), out _))
            .Select(p => (Of(p, "name"), Enum.Parse<Mode>(Of(p, "mode"))));

    public IEnumerable<string> Approvals =>
        Items("status", "approvals")
            .Select(a => $"{Of(a, "decision")} by {Of(a, "approver")} at {Of(a, "at")}{Quoted(a, "reason")}{Standing(a)}");

    /// <summary>What signed statements proved of its images, what they did not prove, and whose seats reviews filled.</summary>
    public IEnumerable<string> Signed =>
        Items("status", ChangeReader.ProvenanceField)
            .SelectMany(i => SignedLines(i, IsWaiting ? "missing" : "not proven:"))
            .Concat(Items("status", ChangeReader.BackingField).SelectMany(CountedLines));

    /// <summary>What was not proven of an admitted change was not needed either.</summary>
    private bool IsWaiting => Parsed is not { WasAdmitted: true };

    /// <summary>When the present phase, and the admission, were entered, and why.</summary>
    public IEnumerable<string> Progress =>
        Items("status", "conditions")
            .Where(c => Of(c, "type") is nameof(Core.Changes.Phase.Admitted) || Of(c, "type") == Phase)
            .Select(c => $"{Of(c, "type")} at {Of(c, "lastTransitionTime")}{(IsOutdated(c) ? "" : Quoted(c, "message"))}");

    /// <summary>It says what the first request lacked. What the last one lacked is among the findings, and may be something else.</summary>
    private bool IsOutdated(JsonElement condition) =>
        Of(condition, "type") == nameof(Core.Changes.Phase.Pending) && Findings(enforced: true).Any();

    public IEnumerable<string> BreakGlass =>
        Items("status", "breakGlass")
            .Select(b =>
                $"{b.GetProperty("name")} by {b.GetProperty("by")} at {Of(b, "at")}, {b.GetProperty("incident")}: {b.GetProperty("reason")}; "
                + $"{(b.TryGetProperty("reviewedBy", out var by) ? $"{ReviewOf(b)} by {by}" : "not reviewed")}"
            );

    /// <param name="enforced">Those of policies that enforce, or those of the others.</param>
    public IEnumerable<string> Findings(bool enforced) =>
        Items("status", "findings")
            .Where(f => Of(f, "mode") == nameof(Mode.Enforce) == enforced)
            .Select(f => $"{f.GetProperty("reason")} ({f.GetProperty("policy")}): {f.GetProperty("message")}");

    /// <summary>What each signed review counted for at the last request.</summary>
    private static IEnumerable<string> CountedLines(JsonElement evidence) =>
        Listed(evidence, "reviews")
            .Where(r => Of(r, "counts").Length > 0)
            .Select(r =>
                $"signed review by {Of(r, "approver")}{(Of(r, "person") is var who && who != Of(r, "approver") ? $" ({who})" : "")} "
                + $"under {Of(evidence, "policy")}: {Of(r, "counts")}"
            )
            .Concat(
                evidence.TryGetProperty("twoParty", out var twoParty) && Of(twoParty, "counts") is { Length: > 0 } counts
                    ?
                    [
                        $"review by two people in the forge under {Of(evidence, "policy")}: {counts}",
                        .. Listed(twoParty, "statements").Take(1).Select(_ => SummaryLine(twoParty)),
                    ]
                    : []
            );

    /// <summary>What it rests on, as of a signed review.</summary>
    private static string SummaryLine(JsonElement twoParty) =>
        $"  verification summaries {string.Join(", ", Listed(twoParty, "statements"))} by {Names(twoParty, "keys")}"
        + $"{(Listed(twoParty, "verifiers").Any() ? $" of {Names(twoParty, "verifiers")}" : "")}, the oldest change verified at {Of(twoParty, "at")}";

    private static IEnumerable<string> SignedLines(JsonElement image, string missing) =>
        [
            (
                image.TryGetProperty(ChangeReader.TemplateFlag, out var ofTemplate) && ofTemplate.ValueKind is JsonValueKind.True
                    ? "the template alone, and not its image "
                    : ""
            )
                + $"{Of(image, "image")} ({Of(image, "policy")}): {Of(image, "origin")}"
                + (Of(image, "commit") is { Length: > 0 } commit ? $", {Of(image, "repository")} {commit} by {Names(image, "keys")}" : "")
                + (Of(image, "missing") is { Length: > 0 } gap ? $"; {missing} {gap}" : ""),
            .. Listed(image, "statements")
                .Select(s => $"  statement {Of(s, "digest")} of {Of(s, "from")} to {Of(s, "to")} by {Names(s, "keys")}"),
            .. Listed(image, "reviews")
                .Select(r =>
                    $"  review by {Of(r, "approver")} at {Of(r, "at")} in statement {Names(r, "statements")} by {Names(r, "keys")}"
                ),
        ];

    private static IEnumerable<JsonElement> Listed(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var list) && list.ValueKind is JsonValueKind.Array ? [.. list.EnumerateArray()] : [];

    private static string Names(JsonElement owner, string name) => string.Join(", ", Listed(owner, name).Select(n => n.ToString()));

    private IEnumerable<RecordedVote> Votes => (Parsed?.Votes ?? []).Where(v => !v.IsGone);

    private static string ReviewOf(JsonElement use) =>
        Of(use, ChangeReader.ReviewDecisionField) == nameof(Decision.Reject) ? "reviewed and rejected" : "reviewed";

    /// <summary>Whether a vote counts, and for what.</summary>
    private static string Standing(JsonElement vote) =>
        vote.TryGetProperty("withdrawnAt", out var at)
            ? $"; withdrawn at {at}{(Of(vote, "withdrawnBy") is { Length: > 0 } by ? $" by {by}" : "")}"
        : vote.TryGetProperty("expired", out _) ? $"; expired{Counting(vote, "counted for")}"
        : (Of(vote, "expiresAt") is { Length: > 0 } end ? $"; until {end}" : "") + Counting(vote, "for");

    private static string Counting(JsonElement vote, string word) =>
        CountsOf(vote) is { Count: > 0 } counts ? $"; {word} {string.Join(", ", counts)}" : "";

    private static IReadOnlyList<string> CountsOf(JsonElement vote) =>
        vote.TryGetProperty("counts", out var counts) && counts.ValueKind is JsonValueKind.Array
            ? [.. counts.EnumerateArray().Select(c => c.ToString())]
            : [];

    private static string Quoted(JsonElement owner, string name) => Of(owner, name) is { Length: > 0 } text ? $": {text}" : "";

    private static string Of(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) ? value.ToString() : "";

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
