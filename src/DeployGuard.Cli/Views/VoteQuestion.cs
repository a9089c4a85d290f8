using DeployGuard.Core.Approvals;

namespace DeployGuard.Cli.Views;

/// <summary>What a voter confirms. The long text has scrolled away by then, or a pager took it off the screen.</summary>
internal static class VoteQuestion
{
    public static string Of(Decision decision, IReadOnlyList<VoteTarget> targets)
    {
        var incomplete = targets.Count(t => !t.IsShownInFull);
        var what =
            (targets.Count == 1 ? "exactly this change" : $"all {targets.Count} of these changes")
            + (
                incomplete == 0 ? ""
                : targets.Count == 1 ? ", though it was not shown in full"
                : $", though {incomplete} of them {(incomplete == 1 ? "was" : "were")} not shown in full"
            );
        var summaries = targets
            .Where(t => t.Summary.Length > 0)
            .Select(t => targets.Count == 1 ? $"\n{t.Summary}" : $"\n{t.View?.Name}: {t.Summary}");
        return TerminalText.Printable($"{string.Concat(summaries)}\n{decision} {what}?");
    }
}
