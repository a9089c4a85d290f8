using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Replay;
using DeployGuard.Core.Safeguards;

namespace DeployGuard.Webhook.Tests;

/// <summary>Everything that a verdict tells, as text, so that two of them can be compared.</summary>
internal static class EvaluationText
{
    private static readonly PolicyEvaluator s_evaluator = SafeguardList.Evaluator(TrustedControllers.BuiltIn);

    public static string Of(EvaluationInput input)
    {
        var verdict = s_evaluator.Evaluate(input.Request, input.Cluster, input.Now);
        return string.Join(
            '\n',
            (string[])
                [
                    $"{verdict.Evaluated.ChangeType}: {verdict.Evaluated.Because}; {verdict.Evaluated.Name}; {verdict.Evaluated.ApproveBy}",
                    Messages.Refusal(verdict),
                    .. Messages.WarningLines(verdict),
                    .. verdict.Findings.Select(f =>
                        $"{f.Policy} {f.Mode} {f.Safeguard} {f.Waiver?.Name} {f.Finding.Path} {f.Finding.Missing}"
                    ),
                ]
        );
    }
}
