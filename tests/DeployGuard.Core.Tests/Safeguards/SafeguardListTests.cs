using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;

namespace DeployGuard.Core.Tests;

/// <summary>The declarations of the rules.</summary>
public class SafeguardListTests
{
    [Test]
    public void ABreakGlassMayNameEveryRuleThatCanBeWaivedAndNoOther() =>
        Assert.That(BreakGlass.Waivable, Is.EquivalentTo(SafeguardList.All.Where(s => s.IsWaivable).Select(s => s.Name)));

    [Test]
    public void NamesAreUnique() => Assert.That(SafeguardList.All.Select(s => s.Name), Is.Unique);

    /// <summary>Rollbacks stay possible: a rule that refuses them must be added here on purpose.</summary>
    [Test]
    public void OnlyTheExposureRulesAndTheOneAboutOldRevisionsMayRefuseARollback() =>
        Assert.That(
            SafeguardList.All.Where(s => s.SeverityOf(ChangeType.Rollback) is Severity.AsPolicySays).Select(s => s.Name),
            Is.EqualTo(new[] { "Approval", "Canary", "Pace" })
        );

    [TestCase(ChangeType.NothingToGuard)]
    [TestCase(ChangeType.NotUnderstood)]
    public void NoRuleAppliesToRequestsThatTheEvaluatorAnswersItself(ChangeType type) =>
        Assert.That(SafeguardList.All.Where(s => s.SeverityOf(type) is not Severity.None), Is.Empty);

    [Test]
    public void LessExposureIsNeverRefused() =>
        Assert.That(SafeguardList.All.Where(s => s.SeverityOf(ChangeType.LessExposure) is Severity.AsPolicySays), Is.Empty);

    [TestCase(1, "1 rollout at once")]
    [TestCase(2, "2 rollouts at once")]
    public void ABudgetIsCountedInTheRightNumber(int rollouts, string summary) =>
        Assert.That(
            SafeguardList.Summarise(Some.Policy($$"""{"budget": {"maxConcurrentRollouts": {{rollouts}} } }""")),
            Is.EqualTo(summary)
        );

    [Test]
    public void PolicyIsSummarisedByItsRulesInOrder() =>
        Assert.That(
            SafeguardList.Summarise(
                Some.Policy(
                    """
                    {"images": {"pin": "Digest"}, "approval": {"quorum": [{"groups": ["seniors"]}]}, "budget": {"maxConcurrentRollouts": 2}}
                    """
                )
            ),
            Is.EqualTo("images by digest; seniors 1 within 72h; 2 rollouts at once")
        );

    [Test]
    public void APolicyWithoutBlocksRequiresNothing() =>
        Assert.That(SafeguardList.Summarise(new SafeguardPolicy { Name = "empty" }), Is.EqualTo("nothing"));
}
