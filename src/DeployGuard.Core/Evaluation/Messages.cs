using System.Text;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// Writes the messages of an answer for the requester: what was refused, where, why, by which policy, and the command that helps.
/// </summary>
public static class Messages
{
    /// <summary>
    /// In characters. API servers return a refusal of any length, but terminals, Events and a Change in etcd are limited.
    /// </summary>
    public const int MaxRefusal = 32 * 1024;

    private const int MaxFindings = 20;
    private const int MaxFinding = 2000;

    /// <summary>
    /// The whole message of a refusal: a line with the object and the policies, a line for every finding, and the next step.
    /// </summary>
    public static string Refusal(Verdict verdict)
    {
        var denials = FixOrder.Of(verdict.Denials, verdict.Evaluated.ApproveBy);
        var policies = verdict.Denials.Select(d => d.Policy).Distinct().ToList();
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
        var end = End(verdict);
        AppendFindings(text, denials, policies.Count == 1, MaxRefusal - end.Length - 100);
        return text.Append(end).ToString();
    }

    /// <summary>The reason codes of a refusal, in the order of its findings: lists of Events show only the beginning of a text.</summary>
    public static string RefusalCodes(Verdict verdict) =>
        string.Join(", ", FixOrder.Of(verdict.Denials, verdict.Evaluated.ApproveBy).Select(d => d.Finding.Reason).Distinct());

    /// <summary>The warnings of an answer: <see cref="Warnings"/>.</summary>
    public static IReadOnlyList<string> WarningLines(Verdict verdict) => Warnings.Of(verdict);

    private static void AppendFindings(StringBuilder text, IReadOnlyList<Violation> denials, bool isOnlyPolicy, int longest)
    {
        var findings = denials.GroupBy(d => d.Finding).ToList();
        var told = 0;
        foreach (var same in findings.Take(MaxFindings))
        {
            var line = Line(same, isOnlyPolicy);
            if (text.Length + line.Length > longest)
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
    }

    /// <summary>What follows the findings: what a machine changed, what to do after the approval, and the break-glass.</summary>
    private static string End(Verdict verdict)
    {
        var evaluated = verdict.Evaluated;
        var isApprovedAsItIs = verdict.AwaitsApproval && !verdict.NeedsAnotherTemplate && evaluated.ApproveBy is not ApproveBy.NoRoom;
        var isApproved = verdict.Denials.All(d => d.Finding.Cause != Reasons.ApprovalMissing);
        var when = (verdict.IsRejected, isApproved, verdict.NeedsMoreThanApproval) switch
        {
            (true, true, true) => "Once the rejection is withdrawn, and the other findings above are resolved,",
            (true, true, false) => "Once the rejection is withdrawn,",
            (true, false, true) => "Once the rejection is withdrawn, it is approved, and the other findings above are resolved,",
            (true, false, false) => "Once the rejection is withdrawn, and it is approved,",
            (false, _, true) => "After approval, and once the other findings above are resolved,",
            (false, _, false) => "After approval",
        };
        var next = isApprovedAsItIs ? $"\n{Cut(Deployers.Of(evaluated.Request).Next(when, evaluated.After), MaxFinding)}" : "";
        return ChangedByAMachine(evaluated) + Unreviewed(evaluated) + next + BreakGlassAdvice.Of(verdict);
    }

    /// <summary>Why going back to a revision that completed is no rollback, and so is judged like a new revision.</summary>
    private static string Unreviewed(EvaluatedRequest evaluated)
    {
        if (
            evaluated
            is not {
                ChangeType: ChangeType.NewRevision,
                Recorded: { WasAdmittedUnreviewed: true, Phase: Phase.Completed or Phase.Proven } former
            }
        )
        {
            return "";
        }

        var use = former.BreakGlassUses.First(u => u is { AdmittedRevision: true, IsApproved: false });
        if (use.IsRejected)
        {
            return "\n"
                + Cut($"It ran before by break-glass {use.Name} of {use.By}; {use.ReviewedBy} reviewed and rejected it", MaxFinding);
        }

        return "\n"
            + Cut(
                $"It ran before by break-glass {use.Name} of {use.By}, which nobody has reviewed, so going back to it is no rollback. Have "
                    + $"it reviewed by another person: kubectl deployguard approve {former.Name} -n {former.Workload.Namespace}",
                MaxFinding
            );
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
        var (message, remedy) = (Cut(same.Key.Message, MaxFinding), Cut(same.Key.Remedy, MaxFinding));
        return $"\n - {same.Key.Reason}{whose}: {(same.Key.RemedyFirst ? $"{remedy}. Why: {message}" : $"{message}. {remedy}")}";
    }

    /// <summary>Parts of a line come from other users: they must not send to the reader's terminal what cannot be seen.</summary>
    internal static string Cut(string line, int longest)
    {
        var clean = VisibleText.Inline(HasControl(line) ? string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c)) : line);
        return clean.Length <= longest ? clean : string.Concat(Whole(clean.AsSpan(0, longest - 3)), "...");
    }

    /// <summary>Half a digest or name would be taken for a whole one. Only a word of hundreds of characters is cut.</summary>
    private static ReadOnlySpan<char> Whole(ReadOnlySpan<char> words) =>
        words.LastIndexOf(' ') is var space && space > words.Length * 3 / 4 ? words[..(space + 1)] : words;

    /// <summary>The same characters as <see cref="char.IsControl(char)"/>, but faster: every line of every refusal is checked.</summary>
    private static bool HasControl(ReadOnlySpan<char> line) =>
        line.IndexOfAnyInRange('\u0000', '\u001f') >= 0 || line.IndexOfAnyInRange('\u007f', '\u009f') >= 0;
}
