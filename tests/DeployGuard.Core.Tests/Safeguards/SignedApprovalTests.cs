using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

public class SignedApprovalTests
{
    [Test]
    public void AHumanChangeThatTrustedKeysProveNeedsNoApproval() =>
        Assert.That(Decide(Human(), [Forge.Says(Stated.Change())]).IsAllowed, Is.True);

    [Test]
    public void WithoutStatementsItNeedsOneAsBefore() =>
        Assert.That(
            Decide(Human(), []).Denials.Single().Finding.Message,
            Does.Contain("approvals 0 of 1").And.Contain("Signed evidence does not stand in for it")
        );

    [Test]
    public void ASignedReviewOfASeniorEngineerFillsTheQuorum() =>
        Assert.That(Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002"))]).IsAllowed, Is.True);

    [Test]
    public void ItFillsTheQuorumOfAnAiAssistedChangeToo() =>
        Assert.That(
            SignedScene.Decide(Human(), [Forge.Says(Stated.Change(ai: AiStatus.Assisted).ReviewedBy("github:2002"))]).IsAllowed,
            Is.True
        );

    [Test]
    public void AnAiAssistedChangeWithoutAReviewNeedsAnApproval()
    {
        var verdict = Decide(Human(), [Forge.Says(Stated.Change(ai: AiStatus.Assisted))]);

        Assert.That(verdict.IsAllowed, Is.False);
        Assert.That(verdict.Denials.First().Finding.Message, Does.StartWith("AI-assisted change (statement)"));
    }

    [Test]
    public void ASignOfAiTightensEvenWhereAnUnknownOriginCountsAsHuman() =>
        Assert.That(
            SignedScene.Decide(Policy("AiAssisted", "Human"), [Build.Says(Stated.Change(ai: AiStatus.Assisted))]).Reasons(),
            Does.Contain("ApprovalMissing")
        );

    [TestCase("github:9999")]
    [TestCase("github:1001")]
    public void AReviewByAStrangerOrAnAuthorDoesNotCount(string approver) =>
        Assert.That(Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy(approver))]).IsAllowed, Is.False);

    [Test]
    public void TheRequesterCannotReviewUnderAnotherNameOfTheirs() =>
        Assert.That(
            SignedScene
                .Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002"))], by: new Requester("erin@example.com", "", []))
                .IsAllowed,
            Is.False
        );

    [Test]
    public void AnAuthorInTheForgeCannotApproveInTheCluster()
    {
        var mine = Some.ApprovalOf(Deployment(New), new Requester("dave", "", ["senior-engineers"]));

        Assert.That(Decide(Always(), [Forge.Says(Stated.Change())], mine: mine).IsAllowed, Is.False);
    }

    [Test]
    public void AReviewOlderThanMaxAgeDoesNotCount()
    {
        var old = Stated.Change() with { Approvals = [Stated.Review("github:2002") with { At = Some.Now.AddHours(-73) }] };

        Assert.That(Decide(Always(), [Forge.Says(old)]).IsAllowed, Is.False);
    }

    [TestCase("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")]
    [TestCase("spec/template/spec/containers/0/command", """["sh"]""")]
    [TestCase("spec/template/spec/serviceAccountName", "\"admin\"")]
    [TestCase("spec/template/spec/volumes", """[{"name": "v", "emptyDir": {}}]""")]
    [TestCase("spec/template/metadata/annotations", """{"a": "b"}""")]
    public void StatementsSpeakForImagesAlone(string path, string json)
    {
        var verdict = Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002"))], after: Deployment(New).With(path, json));

        Assert.That(verdict.Denials.First().Finding.Message, Does.Contain("signed reviews speak for images alone"));
    }

    [Test]
    public void AStatementAboutTheVeryTemplateSpeaksForItToo()
    {
        var after = SignedScene.Deployment(New).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");
        var statement = Stated
            .Change()
            .ReviewedBy("github:2002")
            .About(Stated.Image(), StatementSubject.Of("template", StatementSubject.TemplateHash, after.Read().Template.Hash));

        Assert.That(Decide(Always(), [Forge.Says(statement)], after: after).IsAllowed, Is.True);
    }

    [TestCase(Phase.Completed)]
    [TestCase(Phase.Running)]
    public void WhatRunsMustBeProven(Phase phase) =>
        Assert.That(Decide(Human(), [Forge.Says(Stated.Change())], phase: phase).IsAllowed, Is.False);

    [Test]
    public void TheCommitOfWhatRunsMustBeOnRecord() =>
        Assert.That(
            SignedScene.Decide(Human(), [Forge.Says(Stated.Change())], commit: null).Denials.First().Finding.Message,
            Does.Contain("is not known, so that nobody can say what changed since then")
        );

    [Test]
    public void AnUnsignedSignOfAiIsNotTakenBack() =>
        Assert.That(SignedScene.Decide(Human(), [Forge.Says(Stated.Change())], after: Deployment(New).AiAssisted()).IsAllowed, Is.False);

    [Test]
    public void WhatCountedIsTheReasonOfTheAdmission() =>
        Assert.That(
            Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002"))]).Basis.Single(),
            Does.StartWith("github:2002 (signed review, key forge, statement ")
        );

    [Test]
    public void OnlyAPolicyWithKeysAsksForALookup()
    {
        var request = Some.Update(Deployment(Running), Deployment(New));

        Assert.That(Some.Requires(request, Cluster(Human(), [])).Reads.HasFlag(RequiredReads.SignedEvidence), Is.True);
        Assert.That(Some.Requires(request, Cluster(Some.OneSenior, [])).Reads.HasFlag(RequiredReads.SignedEvidence), Is.False);
        Assert.That(
            Some.Requires(Some.Update(Deployment(Running), Deployment(Running).AiAssisted()), Cluster(Human(), []))
                .Reads.HasFlag(RequiredReads.SignedEvidence),
            Is.False
        );
    }

    [Test]
    public void WhatCannotBeLookedUpRefusesUnlessPeopleApproved()
    {
        Assert.That(Unavailable(Human()).Reasons(), Is.EqualTo(new[] { "ApprovalMissing", "OriginUnavailable" }));
        Assert.That(Unavailable(Human(), Some.ApprovalOf(Deployment(New), Some.Alice)).IsAllowed, Is.True);
        Assert.That(
            SignedScene.Unavailable(Policy("AiAssisted", "Human"), Some.ApprovalOf(Deployment(New), Some.Alice)).Reasons(),
            Is.EqualTo(new[] { "OriginUnavailable" })
        );
    }
}
