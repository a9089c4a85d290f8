using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Views;

/// <summary>
/// What the policies in mode Audit or Warn would have refused if they enforced, by namespace, policy and reason, from the Changes on
/// record.
/// </summary>
internal sealed record AuditReport(IReadOnlyList<AuditRow> Rows, int LeftOut)
{
    /// <summary>What the report cannot know, one sentence each.</summary>
    public static readonly IReadOnlyList<string> Limits =
    [
        "Pods and Jobs: under Audit and Warn they leave no Change. The metric deployguard_rollouts_denied_total counts them.",
        "Requests that make no new revision, such as more replicas or another Service: only that metric counts them.",
        "What is no longer kept: of each workload the last 5 completed revisions stay (or revisionHistoryLimit + 1), those of a deleted "
            + $"workload for {Retention.DeletedRetention.TotalDays:0} days, expired ones for {Retention.ExpiredRetention.TotalDays:0} days.",
        "Earlier requests for the same revision: a Change has the findings of the last one.",
    ];

    /// <param name="modes">
    /// The present mode of every policy by its name; null if the user may not read policies: then that of the newest request counts.
    /// </param>
    /// <param name="policy">Only the findings of this one; null for all.</param>
    public static AuditReport Of(IReadOnlyList<ChangeView> changes, IReadOnlyDictionary<string, Mode>? modes, string? policy)
    {
        var known = modes ?? RecordedModes.In(changes);
        var found = changes
            .SelectMany(FoundIn)
            .Where(f => policy is null || f.Policy == policy)
            .Select(f =>
                f with
                {
                    Mode =
                        known.TryGetValue(f.Policy, out var now) ? now.ToString()
                        : modes is null ? f.Mode
                        : "",
                }
            )
            .ToLookup(f => f.Mode is nameof(Mode.Audit) or nameof(Mode.Warn));
        return new AuditReport(
            [
                .. found[true]
                    .GroupBy(f => (f.Namespace, f.Policy, f.Mode, f.Safeguard, f.Reason))
                    .Select(g => RowOf([.. g]))
                    .OrderBy(r => r.Namespace, StringComparer.Ordinal)
                    .ThenBy(r => r.Policy, StringComparer.Ordinal)
                    .ThenByDescending(r => r.Changes)
                    .ThenBy(r => r.Reason, StringComparer.Ordinal),
            ],
            found[false].Count()
        );
    }

    private static AuditRow RowOf(IReadOnlyList<Found> found)
    {
        var newest = found.MaxBy(f => f.LastAt) ?? throw new InvalidOperationException("a group is never empty");
        return new AuditRow(
            newest.Namespace,
            newest.Policy,
            newest.Mode,
            newest.Safeguard,
            newest.Reason,
            found.Select(f => f.Change).Distinct().Count(),
            found.Select(f => f.Workload).Distinct().Count(),
            found.Min(f => f.FirstAt),
            newest.LastAt,
            newest.Change,
            newest.Requester
        );
    }

    /// <summary>The findings of a Change that refused nothing, and that no exemption would have waived.</summary>
    private static IEnumerable<Found> FoundIn(ChangeView view)
    {
        if (view.Parsed is not { } change || JsonNode.Parse(view.Json.GetRawText())?["status"] is not JsonObject status)
        {
            yield break;
        }

        var last = Objects(status, "requesters").MaxBy(r => Text(r, "lastAt"), StringComparer.Ordinal);
        foreach (var finding in Objects(status, "findings").Where(f => f["waivedBy"] is null))
        {
            var mode = Text(finding, "mode");
            if (mode is nameof(Mode.Audit) or nameof(Mode.Warn))
            {
                yield return new Found(
                    view.Namespace,
                    Text(finding, "policy"),
                    mode,
                    Text(finding, "safeguard"),
                    Text(finding, "reason"),
                    change.Workload.KubectlName,
                    change.FirstRequestedAt,
                    change.LastRequestedAt,
                    change.Name,
                    last is null ? "" : Text(last, "username")
                );
            }
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonObject owner, string name) => (owner[name] as JsonArray ?? []).OfType<JsonObject>();

    private static string Text(JsonObject owner, string name) => owner[name]?.ToString() ?? "";

    private sealed record Found(
        string Namespace,
        string Policy,
        string Mode,
        string Safeguard,
        string Reason,
        string Workload,
        DateTimeOffset FirstAt,
        DateTimeOffset LastAt,
        string Change,
        string Requester
    );
}

/// <summary>One reason for which one policy would have refused changes in one namespace.</summary>
/// <param name="Example">The newest of these Changes.</param>
/// <param name="Requester">Who requested it last.</param>
internal sealed record AuditRow(
    string Namespace,
    string Policy,
    string Mode,
    string Safeguard,
    string Reason,
    int Changes,
    int Workloads,
    DateTimeOffset Since,
    DateTimeOffset Newest,
    string Example,
    string Requester
);
