using System.Text;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core;

/// <summary>The words of an answer, for the person whose deploy failed: what, where, why, who, which command.</summary>
public static class Messages
{
    /// <summary>The API's own advice for warnings; kubectl cuts nothing, but terminals and other clients do.</summary>
    private const int LongestWarning = 120;

    /// <summary>The whole message of a refusal: a line that says what and by whom, a line for every finding, and what to do then.</summary>
    public static string Refusal(Verdict verdict)
    {
        var denials = verdict.Denials.ToList();
        var policies = denials.Select(d => d.Policy).Distinct().ToList();
        var text = new StringBuilder();
        text.Append($"{verdict.Change.Request.Target} refused by {(policies.Count == 1 ? "policy" : "policies")} {string.Join(", ", policies)}");
        if (verdict.AwaitsApproval && verdict.Change.ApproveBy is ApproveBy.ChangeName)
        {
            text.Append($" (change {verdict.Change.Name})");
        }

        text.Append(':');
        foreach (var same in denials.GroupBy(d => d.Finding))
        {
            var whose = policies.Count == 1 ? "" : $" [{string.Join(", ", same.Select(d => d.Policy))}]";
            text.Append($"\n - {same.Key.Reason}{whose}: {same.Key.Message}. {same.Key.Remedy}");
        }

        if (verdict.AwaitsApproval)
        {
            text.Append("\nAfter approval re-run this command; Argo CD needs a manual sync.");
        }

        return text.ToString();
    }

    /// <summary>One line for every finding of a Warn policy, and of an Enforce policy on a dry run.</summary>
    public static IReadOnlyList<string> WarningLines(Verdict verdict) =>
    [
        .. verdict.Warnings.Select(w => Cut($"{w.Policy}: {(WouldRefuse(verdict, w) ? "would be refused: " : "")}{w.Finding.Reason}: {w.Finding.Message}")).Distinct(),
    ];

    private static bool WouldRefuse(Verdict verdict, JudgedFinding warning) =>
        verdict.Change is { Request.DryRun: true, Meaning: not Meaning.Rollback }
        && verdict.Policies.Any(p => p.Name == warning.Policy && p.Mode is Mode.Enforce);

    private static string Cut(string line) => line.Length <= LongestWarning ? line : string.Concat(line.AsSpan(0, LongestWarning - 3), "...");
}
