using System.Text;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// Writes the messages of an answer for the requester: what was refused, where, why, by which policy, and the command that helps.
/// </summary>
public static class Messages
{
    /// <summary>In characters, as the Kubernetes API recommends for a warning. Some clients cut longer ones; kubectl does not.</summary>
    private const int MaxWarning = 120;

    /// <summary>An API server returns at most 4,096 characters of warnings for a request, and drops the rest.</summary>
    private const int MaxWarnings = 30;

    /// <summary>
    /// In characters. API servers return a refusal of any length, but terminals, Events and a Change in etcd are limited.
    /// </summary>
    public const int MaxRefusal = 32 * 1024;

    private const int MaxFindings = 20;
    private const int MaxFinding = 2000;

    /// <summary>
    /// In characters. The line holds a command that must not be cut; API servers cut each warning at 256 characters if all together are too
    /// long.
    /// </summary>
    private const int MaxReview = 250;

    /// <summary>
    /// The whole message of a refusal: a line with the object and the policies, a line for every finding, and the next step.
    /// </summary>
    public static string Refusal(Verdict verdict)
    {
        var denials = verdict.Denials.ToList();
        var policies = denials.Select(d => d.Policy).Distinct().ToList();
        var text = new StringBuilder();
        text.Append(
            $"{verdict.Evaluated.Request.Target} refused by {(policies.Count == 1 ? "policy" : "policies")} "
                + $"{Cut(string.Join(", ", policies), MaxFinding)}"
        );
        if (verdict.AwaitsApproval && verdict.Evaluated.ApproveBy is ApproveBy.ChangeName)
        {
            text.Append($" (change {verdict.Evaluated.Name})");
        }

        text.Append(':');
        var findings = denials.GroupBy(d => d.Finding).ToList();
        var told = 0;
        foreach (var same in findings.Take(MaxFindings))
        {
            var line = Line(same, policies.Count == 1);
            if (text.Length + line.Length + 200 > MaxRefusal)
            {
                break;
            }

            text.Append(line);
            told++;
        }

        if (findings.Count > told)
        {
            text.Append($"\n - and {findings.Count - told} more; fix these first");
        }

        text.Append(ChangedByAMachine(verdict.Evaluated));
        if (verdict.AwaitsApproval)
        {
            text.Append("\nAfter approval re-run this command; Argo CD needs a manual sync.");
        }

        return text.ToString();
    }

    /// <summary>
    /// People know what they changed. The reader of a controller's log does not, so the message lists the changed fields, without values.
    /// </summary>
    private static string ChangedByAMachine(EvaluatedRequest evaluated)
    {
        if (
            evaluated is not { ChangeType: ChangeType.NewRevision, Request.Requester.IsMachine: true }
            || (evaluated.Before?.Template.Canonical, evaluated.After?.Template.Canonical) is not ({ } before, { } after)
        )
        {
            return "";
        }

        var fields = TemplateDiff.FieldsBetween(before, after);
        return fields.Length == 0 ? "" : $"\nChanged: {Cut(fields, MaxFinding)}.";
    }

    private static string Line(IGrouping<Finding, Violation> same, bool isOnlyPolicy)
    {
        var whose = isOnlyPolicy ? "" : $" [{Cut(string.Join(", ", same.Select(d => d.Policy)), MaxFinding)}]";
        return $"\n - {same.Key.Reason}{whose}: {Cut(same.Key.Message, MaxFinding)}. {Cut(same.Key.Remedy, MaxFinding)}";
    }

    /// <summary>
    /// One line for every finding of a Warn policy, of an Enforce policy on a dry run, and for every finding that a BreakGlass waived.
    /// </summary>
    public static IReadOnlyList<string> WarningLines(Verdict verdict) =>
        [
            .. (verdict.IsAllowed ? verdict.Notes : []).Select(note => Cut(note, MaxWarning)).Distinct(),
            .. verdict
                .Waived.Where(w => verdict.IsAllowed && w.Waiver?.BreakGlass is not null)
                .Select(w => w.Waiver?.Name)
                .Distinct()
                .Select(name => Cut($"admitted by {name}; {Review(verdict)} -n {verdict.Evaluated.Request.Target.Namespace}", MaxReview)),
            .. verdict
                .Waived.Where(w => w.Waiver?.BreakGlass is not null)
                .Select(w => Cut($"{w.Policy}: waived by {w.Waiver?.Name}: {w.Finding.Reason}: {w.Finding.Message}", MaxWarning))
                .Concat(
                    verdict.Warnings.Select(w =>
                        Cut(
                            $"{w.Policy}: {(WouldRefuse(verdict, w) ? "would be refused: " : "")}{w.Finding.Reason}: {w.Finding.Message}",
                            MaxWarning
                        )
                    )
                )
                .Distinct()
                .Take(MaxWarnings),
        ];

    /// <summary>
    /// A Service has no Change to approve: its waived findings are in the decision log, and the reason is in the BreakGlass.
    /// </summary>
    private static string Review(Verdict verdict) =>
        verdict.Evaluated.Name.Length == 0
            ? "another person must review why: kubectl get breakglasses -o yaml"
            : $"another person must review it: kubectl deployguard approve {verdict.Evaluated.Name}";

    private static bool WouldRefuse(Verdict verdict, Violation warning) =>
        verdict.Evaluated is { Request.DryRun: true, ChangeType: not (ChangeType.Rollback or ChangeType.LessExposure) }
        && verdict.Policies.Any(p => p.Name == warning.Policy && p.Mode is Mode.Enforce);

    /// <summary>Parts of a line come from other users: they must not send control characters to the reader's terminal.</summary>
    private static string Cut(string line, int longest)
    {
        var clean = HasControl(line) ? string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c)) : line;
        return clean.Length <= longest ? clean : string.Concat(clean.AsSpan(0, longest - 3), "...");
    }

    /// <summary>The same characters as <see cref="char.IsControl(char)"/>, but faster: every line of every refusal is checked.</summary>
    private static bool HasControl(ReadOnlySpan<char> line) =>
        line.IndexOfAnyInRange('\u0000', '\u001f') >= 0 || line.IndexOfAnyInRange('\u007f', '\u009f') >= 0;
}
