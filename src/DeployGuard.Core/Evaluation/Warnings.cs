using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// The warnings of an answer. A finding is a line with its policy, reason and message, and a line with its remedy, each split between words
/// if it is long. API servers cut every warning of an answer at 256 characters once all of them together have more than 4,096, so all of
/// them stay below that, the most important first.
/// </summary>
internal static class Warnings
{
    /// <summary>In characters. Only a command may be longer, because half a command helps nobody.</summary>
    private const int MaxLine = 240;

    /// <summary>In characters. The rest of the 4,096 is for the warnings of the API server and of other webhooks.</summary>
    private const int MaxTotal = 3600;

    /// <summary>In characters: the last line, which counts what is left out.</summary>
    private const int MaxRest = 200;

    /// <summary>In characters. A message may contain commands for two CI jobs. With the remedy it leaves room for the last line.</summary>
    private const int MaxMessage = 2000;

    /// <summary>In characters.</summary>
    private const int MaxRemedy = 1000;

    public static IReadOnlyList<string> Of(Verdict verdict)
    {
        if (verdict.Findings.Count == 0 && verdict.Notes.Count == 0)
        {
            return [];
        }

        var items = Items(verdict).ToList();
        var lines = new List<string>();
        var told = 0;
        foreach (var item in items)
        {
            // kubectl shows equal warnings once, so equal lines are given once.
            var more = item.SelectMany(text => LineBreaks.Split(text, MaxLine)).Where(l => !lines.Contains(l)).ToList();
            if (lines.Concat(more).Sum(l => l.Length) + MaxRest > MaxTotal)
            {
                break;
            }

            lines.AddRange(more);
            told++;
        }

        return items.Count == told ? lines : [.. lines, Rest(verdict, items.Count - told)];
    }

    /// <summary>Each item is told as a whole, or not at all. The most important come first.</summary>
    private static IEnumerable<IReadOnlyList<string>> Items(Verdict verdict)
    {
        if (verdict.IsAllowed)
        {
            foreach (var name in verdict.Waived.Where(w => w.Waiver?.BreakGlass is not null).Select(w => w.Waiver?.Name).Distinct())
            {
                yield return [Clean($"admitted by {name}; {Review(verdict)} -n {verdict.Evaluated.Request.Target.Namespace}")];
            }
        }

        var refused = FixOrder.Of(verdict.Warnings.Where(w => WouldRefuse(verdict, w)), verdict.Evaluated.ApproveBy);
        foreach (var finding in refused)
        {
            yield return [Clean($"policy {finding.Policy}: would be refused: {Told(finding)}"), Clean(finding.Finding.Remedy, MaxRemedy)];
        }

        foreach (var waived in verdict.Waived.Where(w => w.Waiver?.BreakGlass is not null))
        {
            yield return [Clean($"policy {waived.Policy}: waived by {waived.Waiver?.Name}: {Told(waived)}")];
        }

        foreach (var finding in verdict.Warnings.Where(w => !WouldRefuse(verdict, w)))
        {
            yield return [Clean($"policy {finding.Policy}: {Told(finding)}"), Clean(Advice(verdict, finding.Finding), MaxRemedy)];
        }

        foreach (var note in verdict.IsAllowed ? verdict.Notes : [])
        {
            yield return [Clean(note)];
        }
    }

    private static string Told(Violation violation) => $"{violation.Finding.Reason}: {violation.Finding.Message}";

    /// <summary>A Warn policy admits the request, and nobody can approve what runs already.</summary>
    private static string Advice(Verdict verdict, Finding finding) =>
        finding.Fix is not Fix.Approval
            ? finding.Remedy
            : "The policy only warns, so no approval is needed now. Once it enforces, such a change needs the approval first"
                + (IsOnRecord(verdict.Evaluated) ? $". To see this one: {Show(verdict.Evaluated)}" : "");

    private static string Rest(Verdict verdict, int count)
    {
        var findings = count == 1 ? "finding" : "findings";
        return IsOnRecord(verdict.Evaluated)
            ? $"and {count} more {findings}; to see all: {Show(verdict.Evaluated)}"
            : $"and {count} more {findings}; fix these first";
    }

    private static string Show(EvaluatedRequest evaluated) =>
        $"kubectl deployguard show {evaluated.Name} -n {evaluated.Request.Target.Namespace}";

    /// <summary>There is a Change to read. Single pods and Jobs get one only if they are refused.</summary>
    private static bool IsOnRecord(EvaluatedRequest evaluated) =>
        evaluated.Recorded is not null
        || evaluated
            is {
                ChangeType: ChangeType.NewRevision or ChangeType.Rollback,
                Request: { DryRun: false, Target.Type: { IsOnePod: false, RunsOnce: false } }
            };

    /// <summary>
    /// A Service has no Change to approve: its waived findings are in the decision log, and the reason is in the BreakGlass.
    /// </summary>
    private static string Review(Verdict verdict) =>
        verdict.Evaluated.Name.Length == 0 ? "another person must review why: kubectl get breakglasses -o yaml"
        : verdict.Waived.Select(w => w.Finding.Rejection).FirstOrDefault(r => r is not null) is { } rejection
            ? $"the rejection of {rejection.By} stands: go back to another revision, or have it withdrawn: kubectl deployguard withdraw "
                + verdict.Evaluated.Name
        : $"another person must review it: kubectl deployguard approve {verdict.Evaluated.Name}";

    private static bool WouldRefuse(Verdict verdict, Violation warning) =>
        verdict.Evaluated is { Request.DryRun: true, ChangeType: not (ChangeType.Rollback or ChangeType.LessExposure) }
        && verdict.Policies.Any(p => p.Name == warning.Policy && p.Mode is Mode.Enforce);

    private static string Clean(string text, int longest = MaxMessage) => Messages.Cut(text, longest);
}
