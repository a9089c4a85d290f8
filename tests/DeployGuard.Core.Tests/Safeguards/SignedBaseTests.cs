using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>From what a chain of statements may start: nobody has read what only a break-glass admitted.</summary>
public class SignedBaseTests
{
    private const string Erin = "github:2002";

    private static readonly BreakGlassUse s_use = new("emergency", "olga", Some.Now.AddHours(-1), null);

    private static IEnumerable<TestCaseData<BreakGlassUse[], bool, bool>> Records() =>
        [
            new([], false, true) { TestName = "admitted as usual" },
            new([s_use], false, false) { TestName = "its break-glass awaits a review" },
            new([s_use with { ReviewedBy = "alice" }], false, true) { TestName = "its break-glass was approved" },
            new([s_use with { ReviewedBy = "alice", IsRejected = true }], false, false) { TestName = "its break-glass was rejected" },
            new([s_use with { ReviewedBy = "alice" }, s_use with { Name = "second" }], false, false)
            {
                TestName = "one of two was reviewed",
            },
            new([], true, false) { TestName = "somebody rejected it" },
        ];

    [TestCaseSource(nameof(Records))]
    public void AnUnreviewedCommitIsNoBase(BreakGlassUse[] uses, bool isVetoed, bool isBase)
    {
        var policy = Always();
        var cluster = Cluster(policy, [], record: c => c with { BreakGlassUses = uses, ShowsVeto = isVetoed });
        var evaluated = Some.Evaluator.Classify(Some.Update(Deployment(Running), Deployment(New)), cluster, Some.Now);

        var expected = isBase ? Stated.Running : null;
        Assert.That(SignedQuestions.CommitOf(Running, policy, Keys, cluster), Is.EqualTo(expected));
        Assert.That(
            SignedQuestions.CommitsOfRevision(evaluated, Running, policy, Keys, cluster).Select(r => r.Commit),
            Is.EqualTo(new[] { expected })
        );
    }

    /// <summary>By its hash, a statement would otherwise launder what a break-glass admitted and nobody read.</summary>
    [TestCaseSource(nameof(Records))]
    public void AReviewedTemplateDoesNotLaunderIt(BreakGlassUse[] uses, bool isVetoed, bool isAllowed)
    {
        var verdict = Reviewed(c => c with { BreakGlassUses = uses, ShowsVeto = isVetoed });

        Assert.That(verdict.IsAllowed, Is.EqualTo(isAllowed));
    }

    [TestCase(Phase.Proven, false, true)]
    [TestCase(Phase.Running, true, true)]
    [TestCase(Phase.Running, false, false)]
    [TestCase(Phase.Pending, true, false)]
    public void AReviewedTemplateStartsFromWhatIsProvenOrReviewed(Phase phase, bool isApproved, bool isAllowed)
    {
        var verdict = Reviewed(c => c with { Phase = phase, IsApproved = isApproved });

        Assert.That(verdict.IsAllowed, Is.EqualTo(isAllowed));
    }

    [Test]
    public void TheRefusalSaysThatNobodyReviewedWhatRuns() =>
        Assert.That(
            Reviewed(c => c with { Phase = Phase.Running, IsApproved = false }).Denials.First().Finding.Message,
            Does.Contain("what runs now is neither proven nor reviewed")
        );

    /// <summary>A request whose whole template a reviewed statement names.</summary>
    private static Verdict Reviewed(Func<Change, Change> record)
    {
        var after = SignedScene.Deployment(New).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");
        return Decide(Always(), [Forge.Says(Named(after, Stated.Change().ReviewedBy(Erin)))], after: after, record: record);
    }

    private static Statement Named(JsonObject after, ChangeStatement change) =>
        change.About(Stated.Image(), StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, after.Read().Template.Hash));
}
