using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Views;

/// <summary>
/// A verdict of <c>check</c> as lines of text. No finding is cut, and none says what only a request to a cluster can do next.
/// </summary>
internal static class VerdictText
{
    public static IEnumerable<string> Of(CheckedVerdict verdict) =>
        verdict.Checked.IsOfExample ? AsInCluster(verdict)
        : verdict.Outcome is CheckOutcome.Unchanged ? []
        : AsForFiles(verdict);

    /// <summary>The remedy follows the message as a sentence of its own.</summary>
    public static string Sentences(Finding finding) => OneLine($"{finding.Message}. {finding.Remedy}");

    /// <summary>An example plays a whole request, so the answer is the one of the cluster.</summary>
    private static IEnumerable<string> AsInCluster(CheckedVerdict verdict) =>
        [
            verdict.Outcome is CheckOutcome.Refused ? $"{verdict.Checked.Place}: {Messages.Refusal(verdict.Verdict)}" : verdict.Headline,
            .. Messages.WarningLines(verdict.Verdict).Select(w => $"Warning: {w}"),
        ];

    private static IEnumerable<string> AsForFiles(CheckedVerdict verdict)
    {
        var denials = verdict.Verdict.Denials.ToList();
        var isOnlyPolicy = denials.Select(d => d.Policy).Distinct().Count() == 1;
        return
        [
            OneLine(verdict.Headline) + (denials.Count > 0 ? ":" : ""),
            .. denials
                .GroupBy(d => d.Finding)
                .Select(same =>
                    $" - {same.Key.Reason}{(isOnlyPolicy ? "" : OneLine($" [{string.Join(", ", same.Select(d => d.Policy))}]"))}: "
                    + Sentences(same.Key)
                ),
            .. Others(verdict),
            .. verdict.Verdict.IsAllowed ? verdict.Verdict.Notes.Distinct().Select(n => $"Note: {OneLine(n)}") : [],
        ];
    }

    /// <summary>
    /// Each finding that refuses nothing, once, under the strictest of its policies: those that warn before those that audit.
    /// </summary>
    private static IEnumerable<string> Others(CheckedVerdict verdict)
    {
        var refused = verdict.Verdict.Denials.Select(d => d.Finding).ToHashSet();
        return verdict
            .Verdict.Findings.Where(f => !f.IsDenial && !refused.Contains(f.Finding))
            .GroupBy(f => f.Finding)
            .Select(same =>
            {
                var strictest = same.MinBy(f => f.Mode) ?? same.First();
                var policies = string.Join(", ", same.Where(f => f.Mode == strictest.Mode).Select(f => f.Policy));
                return $"{(strictest.Mode is Mode.Audit ? "Audit" : "Warning")}: {OneLine($"{policies}: {verdict.Because(strictest)}")}"
                    + $"{same.Key.Reason}: {Sentences(same.Key)}";
            });
    }

    /// <summary>Parts of a line are written by others: they must neither redraw a terminal nor begin a line.</summary>
    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
