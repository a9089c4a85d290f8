using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Safeguards;

namespace DeployGuard.Core.Tests;

/// <summary>What fixes the findings of each reason: <see cref="Reason.Fix"/>.</summary>
public class FixTests
{
    /// <summary>Every reason of a safeguard or of the evaluator. Those of DeployGuard's own objects are fixed in these objects.</summary>
    private static readonly Dictionary<string, Fix> s_expected = new()
    {
        ["ImageNotPinned"] = Fix.Template,
        ["ApprovalMissing"] = Fix.Approval,
        ["ApprovalRejected"] = Fix.Approval,
        ["OriginUnavailable"] = Fix.Waiting,
        ["StatementAltered"] = Fix.Approval,
        ["StatementKey"] = Fix.Approval,
        ["StatementRole"] = Fix.Approval,
        ["StatementSubject"] = Fix.Approval,
        ["StatementReplayed"] = Fix.Approval,
        ["StatementRepository"] = Fix.Approval,
        ["StatementExpired"] = Fix.Approval,
        ["StatementHeadOnly"] = Fix.Approval,
        ["StatementChain"] = Fix.Approval,
        ["StatementReview"] = Fix.Approval,
        ["StatementIncomplete"] = Fix.Approval,
        ["StatementUnread"] = Fix.Approval,
        ["OldRevision"] = Fix.Elsewhere,
        ["CanaryStepExceeded"] = Fix.Workload,
        ["PaceTooFast"] = Fix.Workload,
        ["Frozen"] = Fix.Waiting,
        ["FreezeUpcoming"] = Fix.Waiting,
        ["BudgetExhausted"] = Fix.Waiting,
        ["PolicyScopeEscape"] = Fix.Workload,
        ["KindUnknown"] = Fix.Elsewhere,
        ["ControllerOnly"] = Fix.Workload,
        ["RestartTimeInvalid"] = Fix.Template,
        ["TextNotUtf8"] = Fix.Template,
        ["PolicyInvalid"] = Fix.Elsewhere,
        ["EvaluationIncomplete"] = Fix.Waiting,
        ["Overloaded"] = Fix.Waiting,
    };

    [Test]
    public void EveryReasonSaysWhatFixesIt() =>
        Assert.That(
            Reasons.All.Select(r => (r.Code, r.Fix)),
            Is.EquivalentTo(Reasons.All.Select(r => (r.Code, s_expected.GetValueOrDefault(r.Code, Fix.Elsewhere))))
        );

    [Test]
    public void EveryReasonThatRefusesAWorkloadIsListedHere() =>
        Assert.That(
            Reasons.All.Where(r => r.FoundBy is not "Records").Select(r => r.Code),
            Is.EquivalentTo(s_expected.Keys),
            "a new reason needs its fix, and a line here"
        );

    [Test]
    public void OnlyWaivableSafeguardsAreFixedByTimeOrPeople() =>
        Assert.That(
            SafeguardList.All.Where(s => !s.IsWaivable).Select(s => s.Name),
            Is.EquivalentTo(Reasons.All.Where(r => r is { Fix: Fix.Template, FoundBy: not "Guard" }).Select(r => r.FoundBy).Distinct()),
            "what only another template fixes is quickly fixed, also in an incident"
        );
}
