using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>
/// A Change as a voter reads it: whether it can pass as it is, who voted and why, what was found. The template follows it.
/// </summary>
internal static class ChangePage
{
    /// <param name="isFull">Also the findings of policies that do not enforce.</param>
    public static string Of(ChangeView change, Change recorded, bool isFull)
    {
        var claims = recorded.Evidence.Select(e => $"{e.Source} {e.Key}: {e.Value}{(e.By is null ? "" : $", by {e.By}")}");
        var evidence = recorded.Evidence.Count == 0 ? "" : $" ({VisibleText.Inline(string.Join(", ", claims))})";
        List<string> lines =
        [
            $"Change    {change.Name}, {change.Phase}",
            $"Workload  {recorded.Workload}",
            $"Origin    {change.Origin}{evidence}",
            $"Requester {VisibleText.Inline(string.Join(", ", recorded.Requesters))}",
            .. Block("Since", change.Progress),
            .. Block("Release", change.ChangeIds),
            .. Block("Images", change.Images),
            .. Block("Policies", change.Policies),
            .. Block("Signed", change.Signed),
            .. Block("Votes", change.Approvals),
            .. Block("Missing", change.Missing.Length > 0 ? [change.Missing] : []),
            .. Block("Outlook", OutlookOf(recorded)),
            .. Block("Waived", change.BreakGlass),
            .. Block("Next", ReviewAdvice.Of(recorded) is { } review ? [review] : []),
            .. Findings(change, recorded),
            .. isFull ? Block("Others", change.Findings(enforced: false)) : Folded(change),
        ];
        return TerminalText.Printable(string.Join('\n', lines));
    }

    /// <summary>
    /// Whether the change can pass as it is. An approval is for this template: if something else makes the author change it, the approval
    /// is lost.
    /// </summary>
    public static IEnumerable<string> OutlookOf(Change change)
    {
        if (change.Phase is not (Phase.Pending or Phase.Rejected))
        {
            yield break;
        }

        // MISSING follows the policies as they are now; what only a former one refused is no obstacle.
        var others = change
            .Denials.Select(d => d.Reason)
            .Where(code => change.Missing.Length == 0 || change.Missing.Contains(code, StringComparison.Ordinal))
            .Distinct()
            .Select(code => Reasons.All.FirstOrDefault(r => r.Code == code))
            .OfType<Reason>()
            .Where(r => r.Fix is not Fix.Approval)
            .ToLookup(r => r.Fix, r => r.Code);
        if (others[Fix.Template].Any())
        {
            yield return $"It cannot pass as it is: {string.Join(", ", others[Fix.Template])}. The requester must change the pod template, "
                + "and that needs a new approval.";
        }

        var elsewhere = others.Where(o => o.Key is not Fix.Template).SelectMany(o => o).ToList();
        if (elsewhere.Count > 0)
        {
            yield return $"An approval alone is not enough: {string.Join(", ", elsewhere)} at the last request. An approval keeps "
                + "counting if that is resolved without another pod template.";
        }
    }

    /// <summary>Findings are those of one request: votes and time may have resolved them since.</summary>
    private static IEnumerable<string> Findings(ChangeView change, Change recorded)
    {
        var findings = change.Findings(enforced: true).ToList();
        return findings.Count == 0
            ? []
            : Block(
                "Findings",
                [
                    recorded.LastRequestedAt == default
                        ? "of the last request:"
                        : $"of the last request, at {Rfc3339.Show(recorded.LastRequestedAt)}:",
                    .. findings,
                ]
            );
    }

    private static IEnumerable<string> Folded(ChangeView change)
    {
        var count = change.Findings(enforced: false).Count();
        return count == 0
            ? []
            : Block(
                "Others",
                [$"{count} {(count == 1 ? "finding" : "findings")} of policies that do not enforce; to read them, add --full"]
            );
    }

    private static IEnumerable<string> Block(string title, IEnumerable<string> lines) =>
        lines.Select((line, i) => $"{(i == 0 ? title : ""), -10}{VisibleText.Inline(line)}");
}
