using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
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

    [TestCase("github:2002", "erin", "senior-engineers", true)]
    [TestCase(
        "github:9999",
        "github:9999",
        "not counted (not in identities of the policy; ask the platform team to add them there, with a group of the quorum)",
        false
    )]
    public void TheRecordNamesThePersonAndTheSeatThatTheirReviewFills(string approver, string person, string counts, bool fills)
    {
        var backing = Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy(approver))]).Backing.Single();

        Assert.That((backing.Reviews.Single().Person, backing.Reviews.Single().Counts), Is.EqualTo((person, counts)));
        Assert.That(backing.FillsSeat, Is.EqualTo(fills));
    }

    [Test]
    public void AReviewForWhichNoSeatIsLeftSaysSo()
    {
        var backing = Decide(
            Always(),
            [Forge.Says(Stated.Change().ReviewedBy("github:2002"))],
            mine: Some.ApprovalOf(Deployment(New), Some.Alice)
        ).Backing;

        Assert.That(backing.Single().Reviews.Single().Counts, Is.EqualTo("every seat is filled by others"));
    }

    [Test]
    public void AnAuthorInTheForgeCannotApproveInTheCluster()
    {
        var mine = Some.ApprovalOf(Deployment(New), new Requester("dave", "", ["senior-engineers"]));

        Assert.That(Decide(Always(), [Forge.Says(Stated.Change())], mine: mine).IsAllowed, Is.False);
    }

    /// <summary>The range in two links, of which the first was reviewed long ago, and the second just now.</summary>
    [TestCase(-73, false)]
    [TestCase(-71, true)]
    public void TheOldestReviewOfARangeMustBeWithinMaxAge(int hours, bool isAllowed)
    {
        var review = Stated.Review("github:2002", Stated.Between) with { At = Some.Now.AddHours(hours) };
        var first = Stated.Change(to: Stated.Between) with { Approvals = [review] };
        var second = Forge.Says(Stated.Change(from: Stated.Between).ReviewedBy("github:2002"), "second");

        Assert.That(Decide(Always(), [Forge.Says(first.About(Stated.AtCommit(Stated.Between))), second]).IsAllowed, Is.EqualTo(isAllowed));
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

        Assert.That(
            verdict.Denials.First().Finding.Message,
            Does.Contain("signed reviews speak for images alone: deploy the images alone, or have the CI job attest this template too")
                .And.Match(@"in more than images \([^)]*(env|command|serviceAccountName|volumes|annotations)[^)]*\)")
        );
    }

    [TestCase("Deployment shop/web", true)]
    [TestCase("Deployment staging/web", false)]
    [TestCase("template", false)]
    public void AStatementAboutTheVeryTemplateOfTheWorkloadSpeaksForItToo(string workload, bool isAllowed)
    {
        var after = SignedScene.Deployment(New).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");
        var statement = Stated
            .Change()
            .ReviewedBy("github:2002")
            .About(Stated.Image(), StatementSubject.Of(workload, StatementSubject.TemplateHash, after.Read().Template.Hash));

        Assert.That(Decide(Always(), [Forge.Says(statement)], after: after).IsAllowed, Is.EqualTo(isAllowed));
    }

    [Test]
    public void AnotherImageOfTheCommitTakesNoPlaceOfAnImage()
    {
        var debug = "registry.example.com/shop/web-debug@sha256:1111111111111111111111111111111111111111111111111111111111111111";
        var policy = Always();
        var request = Some.Update(Deployment(Running), Deployment(debug));
        var wide = policy with
        {
            SignedOrigin = policy.SignedOrigin is { } signed
                ? signed with
                {
                    Sources = [.. signed.Sources.Select(s => s with { Images = ["registry.example.com/shop/*"] })],
                }
                : null,
        };
        var proven = OriginEvaluator.Evaluate(
            Stated.Question(),
            AttestationVerifier.Verify([Forge.Says(Stated.Change().ReviewedBy("github:2002"))], KeySet.Of(Forge.Trusted)),
            Some.Now
        );
        var verdict = Some.Decide(request, Cluster(wide, [new SignedFacts(wide.Name, [new SignedImage(debug, proven)])]));

        Assert.That(verdict.Denials.First().Finding.Message, Does.Contain("takes the place of an image of another repository"));
    }

    [Test]
    public void ACommitIsKnownByAKeyThatThePolicyStillTrustsAndFromWhatWasAdmitted()
    {
        var policy = Always();
        Assert.That(CommitOf(Cluster(policy, [])), Is.EqualTo(Stated.Running));
        Assert.That(CommitOf(Cluster(policy, [], provenBy: new Signer("stolen", KeyRole.SourceReview))), Is.Null);
        Assert.That(CommitOf(Cluster(policy, [], Phase.Pending)), Is.Null);

        string? CommitOf(ClusterSnapshot cluster) => SignedQuestions.CommitOf(Running, policy, Keys, cluster);
    }

    [Test]
    public void AnAuthorOfAnIncompleteStatementCannotApproveEither()
    {
        var mine = Some.ApprovalOf(Deployment(New), new Requester("dave", "", ["senior-engineers"]));

        Assert.That(Decide(Always(), [Forge.Says(Stated.Change() with { IsComplete = false })], mine: mine).IsAllowed, Is.False);
        Assert.That(SignedScene.Decide(Always(), [Forge.Says(Stated.Change())], commit: null, mine: mine).IsAllowed, Is.False);
    }

    [Test]
    public void AnAuthorWhoIsOnRecordCannotApproveWhileTheRegistryIsAway()
    {
        var mine = Some.ApprovalOf(Deployment(New), new Requester("dave", "", ["senior-engineers"]));
        var named = new SignedBacking(Always().Name, false, [], ["github:1001"]);

        Assert.That(Unavailable(Always(), mine).IsAllowed, Is.True);
        Assert.That(Unavailable(Always(), mine, named).IsAllowed, Is.False);
    }

    [Test]
    public void AnAuthorByAddressIsNoReviewerByTheIdOfTheForge()
    {
        var hers = Stated.Change().ReviewedBy("github:2002") with { Authors = ["github:1001", "email:Erin@example.com"] };

        Assert.That(Decide(Always(), [Forge.Says(hers)]).IsAllowed, Is.False);
    }

    [Test]
    public void AnAuthorByAddressCannotApproveInTheCluster()
    {
        var change = Stated.Change() with { Authors = ["email:erin@example.com"] };
        var mine = Some.ApprovalOf(Deployment(New), new Requester("erin@example.com", "", ["senior-engineers"]));

        Assert.That(Decide(Always(), [Forge.Says(change)], mine: mine).IsAllowed, Is.False);
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

    [TestCase("Always")]
    [TestCase("AiAssisted")]
    public void WhereNotAllStatementsAreReadPeopleMustApprove(string required)
    {
        FoundAttestation[] found = [Forge.Says(Stated.Change().ReviewedBy("github:2002")), .. Stated.Flood(new Signer("x", KeyRole.Build))];

        Assert.That(SignedScene.Decide(Policy(required), found).Reasons(), Does.Contain("ApprovalMissing").And.Contain("StatementUnread"));
        Assert.That(SignedScene.Decide(Policy(required), found, mine: Some.ApprovalOf(Deployment(New), Some.Alice)).IsAllowed, Is.True);
    }

    /// <summary>A sign of AI may be among what was not read, and would ask for a canary too.</summary>
    [Test]
    public void WhereAnUnknownOriginCountsAsHumanItIsRefusedInAnyCase()
    {
        var policy = Policy("AiAssisted", "Human");
        FoundAttestation[] found = [.. Stated.Flood(new Signer("x", KeyRole.Build))];
        var forgiving = policy with
        {
            SignedOrigin = policy.SignedOrigin is { } s ? s with { OnUnavailable = OnUnavailable.TreatAsUnknown } : null,
        };

        Assert.That(SignedScene.Decide(policy, []).IsAllowed, Is.True);
        Assert.That(SignedScene.Decide(policy, found).Reasons(), Is.EqualTo(new[] { "StatementUnread" }));
        Assert.That(SignedScene.Decide(forgiving, found).Reasons(), Is.EqualTo(new[] { "StatementUnread" }));
        Assert.That(SignedScene.Decide(policy, found, mine: Some.ApprovalOf(Deployment(New), Some.Alice)).NeedsMoreThanApproval, Is.True);
    }

    /// <summary>Who attested, and who is on call, must not look for the fault in the statement.</summary>
    [TestCase(OnUnavailable.TreatAsUnknown, "ApprovalMissing")]
    [TestCase(OnUnavailable.Refuse, "ApprovalMissing OriginUnavailable")]
    public void ThatEvidenceCouldNotBeReadIsSaidOnce(OnUnavailable rule, string reasons)
    {
        var policy = Policy("Always");
        var verdict = SignedScene.Unavailable(
            policy with
            {
                SignedOrigin = policy.SignedOrigin is { } s ? s with { OnUnavailable = rule } : null,
            }
        );

        Assert.That(verdict.Reasons(), Is.EqualTo(reasons.Split(' ')));
        var texts = string.Join("\n", verdict.Denials.Select(d => d.Finding.Message));
        Assert.That(texts.Split("registry.example.com: no answer"), Has.Length.EqualTo(2), texts);
        Assert.That(
            texts.Contains(
                ". Signed evidence could not be read, so that none counts: registry.example.com: no answer. Retry in a minute",
                StringComparison.Ordinal
            ),
            Is.EqualTo(rule is OnUnavailable.TreatAsUnknown)
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
