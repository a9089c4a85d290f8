using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Why signed evidence does not stand in for an approval: the first reason is the one that matters, and it says what helps.
/// </summary>
public class SignedGapTests
{
    private const string OfAi = "does not say whether AI had a part";

    [Test]
    public void WhereEveryChangeIsReviewedTheMissingReviewIsNamedAndNotAi() =>
        Assert.That(
            MessageOf(Always(), Stated.Change(ai: AiStatus.Unknown)),
            Does.Contain(
                    "Signed evidence does not stand in for it: its change statement has no review. Have the pull request reviewed by a human "
                        + "who did not write it, then attest again with --approvals"
                )
                .And.Not.Contain(OfAi)
        );

    [Test]
    public void AReviewThatDoesNotCountIsNamedWithItsReason() =>
        Assert.That(
            MessageOf(Always(), Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:1001")),
            Does.Contain("no review counts: the statement ").And.Contain("its approver is an author of the change").And.Not.Contain(OfAi)
        );

    [Test]
    public void AReviewerWithoutASeatIsNamedAlone() =>
        Assert.That(
            MessageOf(Always(), Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:9999")),
            Does.Contain("Not counted: github:9999 (not in identities of the policy; ask the platform team")
                .And.Not.Contain("Signed evidence does not")
                .And.Not.Contain(OfAi)
        );

    [Test]
    public void WhereOnlyAiIsReviewedTheUnknownPartOfAiIsNamed() =>
        Assert.That(MessageOf(Human(), Stated.Change(ai: AiStatus.Unknown)), Does.Contain(OfAi));

    [Test]
    public void AnAiAssistedChangeLacksAReviewAndNotTheWordThatThereWasNoAi() =>
        Assert.That(MessageOf(Human(), Stated.Change(ai: AiStatus.Assisted)), Does.Contain("its change statement has no review"));

    [Test]
    public void AnExpiredStatementIsTheReasonAndNotAMissingOne() =>
        Assert.That(
            MessageOf(Always(), Stated.Change() with { ExpiresAt = Some.Now.AddMinutes(-1) }),
            Does.Contain("See what StatementExpired says of the statement below").And.Not.Contain("Attest this digest")
        );

    [Test]
    public void ARemedyIsTheWholeCommandWithTheImage()
    {
        var verdict = Decide(Always(), [Forge.Says(Stated.Change(from: Stated.Between))]);
        var command =
            $"--ref refs/heads/main --repository https://github.com/acme/checkout --complete --approvals FILE --key KEY --push --beside {New}";

        Assert.That(verdict.Denials.First().Finding.Message, Does.Contain(command));
        Assert.That(verdict.Denials.Last().Finding.Remedy, Does.EndWith(command));
    }

    [Test]
    public void StatementsOfOneKindAreCountedOnceEachAndNamedByDigestAndKey()
    {
        var (one, two) = (Stated.Change(ai: AiStatus.None), Stated.Change(ai: AiStatus.Unknown));
        var (first, second) = (Forge.Says(one with { ExpiresAt = Some.Now }), Forge.Says(two with { ExpiresAt = Some.Now }, "there"));

        var twice = Decide(Always(), [first, first with { Place = "there" }]).Denials.Last().Finding.Message;
        var both = Decide(Always(), [first, second]).Denials.Last().Finding.Message;

        Assert.That(twice, Does.Match("the statement [0-9a-f]{12} by forge at here and there expired").And.Not.Contain("more"));
        Assert.That(both, Does.EndWith(" (and 1 more statement of this kind)"));
    }

    [TestCase(-9, "Wait 1m, until ")]
    [TestCase(-11, "It is proven within a minute: wait, then ")]
    [TestCase(null, "Wait until it was available on all pods for 10m, then ")]
    public void WhatTimeProvesSaysUntilWhenToWait(int? minutes, string wait) =>
        Assert.That(
            Unproven(c => c with { AvailableSince = minutes is { } since ? Some.Now.AddMinutes(since) : null }),
            Does.Contain($"what runs now is not proven, so that the template cannot be compared with it. {wait}")
                .And.Contain("before that, this change needs an approval. Besides, ")
                .And.Contain(": not here")
        );

    /// <summary>A statement about the template starts from what was reviewed, and need not wait.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void WhereWhatRunsWasReviewedAStatementAboutTheTemplateIsOffered(bool isApproved) =>
        Assert.That(
            Unproven(c => c with { AvailableSince = Some.Now, IsApproved = isApproved }),
            Does.Contain(
                isApproved
                    ? "before that, this change needs an approval, unless you have the CI job attest this template too (kubectl apply -n shop --dry-run=server "
                    : "before that, this change needs an approval. Besides, "
            )
        );

    [Test]
    public void ABreakGlassIsReviewedFirst() =>
        Assert.That(
            Unproven(c => c with { BreakGlassUses = [new BreakGlassUse("bg", "olga", Some.Now, null, true)] }),
            Does.Contain("It came in by a break-glass without a review. Have that reviewed first: kubectl deployguard approve ")
        );

    [Test]
    public void WhatNobodyAdmittedIsNotWaitedFor() =>
        Assert.That(
            Unproven(c => c with { Phase = Phase.Pending }),
            Does.Contain("No Change on record admitted it, and time does not prove it")
        );

    /// <summary>The forge's job pushed, and the job that built the image forgot to.</summary>
    [Test]
    public void AStatementOfTheBuildJobThatIsMissingIsNamedWithItsCommand()
    {
        var ofForge = Forge.Says(Stated.Change().ReviewedBy("github:2002").About(Stated.AtCommit()));

        var finding = Decide(Always(), [ofForge]).Denials.Single(d => d.Finding.Reason == "StatementSubject").Finding;

        Assert.That(
            finding.Message,
            Does.EndWith(
                $"is about commit {Stated.Head}, which is not proven to be that of sha256:{Stated.Digest}: a statement by the job that built the "
                    + "image is missing"
            )
        );
        Assert.That(
            finding.Remedy,
            Is.EqualTo(
                $"Ask the CI job that built the image to run, with its key of the role Build: deployguard attest --from {Stated.Running} --to "
                    + $"{Stated.Head} --ref refs/heads/main --repository https://github.com/acme/checkout --key KEY --push --image {New}"
            )
        );
    }

    /// <summary>Whatever is signed, nothing leads on from a commit that nobody knows: a review would be stated in vain.</summary>
    [Test]
    public void WhereTheCommitOfWhatRunsIsNotKnownNobodyIsAskedToStateAReview()
    {
        var built = Build.Says(Stated.Change(ai: AiStatus.Unknown));
        var expired = Build.Says(Stated.Change() with { ExpiresAt = Some.Now.AddMinutes(-1) });

        Assert.That(
            MessageOf([built], commit: null),
            Does.Contain($"The commit of {Running}, which runs now, is not known, so that ")
                .And.Contain("Have the new image approved in the cluster, once")
                .And.Not.Contain("deployguard attest")
        );
        Assert.That(
            MessageOf([expired], commit: null),
            Does.Contain(
                    $"The commit of {Running}, which runs now, is not known either, so that the new image needs an approval in the cluster"
                )
                .And.Contain("See what StatementExpired says of the statement below")
        );
        Assert.That(MessageOf([built]), Does.Contain("deployguard attest").And.Not.Contain("is not known"));
    }

    /// <summary>It was reviewed and stated: an older statement without a review is all that counts.</summary>
    [TestCase(KeyRole.Build, "StatementRole")]
    [TestCase(KeyRole.SourceReview, "StatementIncomplete")]
    public void AReviewInAStatementThatDoesNotCountIsNotAskedForAgain(KeyRole role, string reason)
    {
        var bare = Forge.Says(Stated.Change(ai: AiStatus.Unknown), "older");
        var reviewed = Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:2002");
        var stated = role is KeyRole.Build ? Build.Says(reviewed) : Forge.Says(reviewed with { IsComplete = false });

        Assert.That(
            MessageOf([bare, stated]),
            Does.Contain($"no review counts. See what {reason} says of the statement below")
                .And.Not.Contain("Have the pull request reviewed")
        );
    }

    /// <summary>The annotation of an earlier change of the template stays on the workload. It has reviews, of that change.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void TheReviewsOfAnEarlierChangeAreNotTheReasonWhyThisOneHasNone(bool isExpired)
    {
        var earlier = Stated.Change(from: Stated.Commit('e'), to: Stated.Running).ReviewedBy("github:2002");
        var leftover = Forge.Says(
            (isExpired ? earlier with { ExpiresAt = Some.Now.AddMinutes(-1) } : earlier).About(
                Stated.AtCommit(Stated.Running),
                StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, "v2:1")
            ),
            "annotation deployguard.io/change-statement"
        );

        Assert.That(
            MessageOf([Forge.Says(Stated.Change(ai: AiStatus.Unknown)), leftover]),
            Does.Contain("its change statement has no review").And.Not.Contain("See what")
        );
    }

    /// <summary>The build job ran, with a wrong --repository: to run it again in the same way would not help.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void ABuildStatementThatDoesNotCountIsNotCalledMissing(bool isAnotherKeyThere)
    {
        var wrong = Stated.Change(ai: AiStatus.Unknown);
        var built = Build.Says(wrong with { Source = wrong.Source with { Repository = "https://github.com/acme/checkout-evil" } });
        var ofForge = Forge.Says(Stated.Change().ReviewedBy("github:2002").About(Stated.AtCommit()), "there");
        var stray = new Signer("stray", KeyRole.SourceReview).Says(Stated.Change(), "first");

        var denials = Decide(Always(), isAnotherKeyThere ? [stray, ofForge, built] : [ofForge, built])
            .Denials.Select(d => d.Finding)
            .ToList();
        var subject = denials.Single(f => f.Reason == "StatementSubject");

        Assert.That(denials[0].Message, Does.Contain("See what StatementRepository says of the statement below"));
        Assert.That(
            subject.Message,
            Does.Match(
                "not proven to be that of sha256:1+: the statement [0-9a-f]{12} by build, which is about this image, does not count$"
            )
        );
        Assert.That(subject.Remedy, Is.EqualTo("See what is said of that statement"));
    }

    [Test]
    public void AWrongRepositoryAndAWrongRefHaveARemedyEach()
    {
        var change = Stated.Change(ai: AiStatus.Unknown);
        var repository = Build.Says(change with { Source = change.Source with { Repository = "https://github.com/acme/other" } });
        var branch = Build.Says(change with { Source = change.Source with { Ref = "refs/heads/topic" } }, "there");

        var findings = Decide(Always(), [repository, branch]).Denials.Select(d => d.Finding).Where(f => f.Reason == "StatementRepository");

        Assert.That(
            findings.Select(f => f.Remedy),
            Is.EqualTo(
                new[]
                {
                    $"If the commit is of that repository, attest again with --repository {Stated.Repository}. Else build the image from it, or "
                        + "ask the platform team to add this one to the policy",
                    "If the commit is on an allowed ref, attest again with --ref refs/heads/main. Else merge the change into an allowed ref and attest it there",
                }
            )
        );
        Assert.That(
            findings.Last().Message,
            Does.EndWith($"is about refs/heads/topic, and only refs/heads/main of git+{Stated.Repository} is allowed")
        );
    }

    [Test]
    public void AnApproverWhoIsAnAuthorUnderAnotherNameIsToldUnderWhich() =>
        Assert.That(
            MessageOf(
                Always(),
                Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:2002") with
                {
                    Authors = ["github:1001", "email:erin@example.com"],
                }
            ),
            Does.Contain(
                "its approver is an author of the change, as email:erin@example.com: both are erin by identities of the policy. Have somebody"
            )
        );

    /// <summary>"Them" would be read as the platform team, which the message before it says to contact.</summary>
    [Test]
    public void WhereARegistryCannotBeReadTheApproversAreNamed()
    {
        var human = Human();
        var forgiving = human with
        {
            SignedOrigin = (human.SignedOrigin ?? throw new AssertionException("no keys")) with
            {
                OnUnavailable = OnUnavailable.TreatAsUnknown,
            },
        };

        var finding = Unavailable(forgiving).Denials.First().Finding;

        Assert.That(finding.Message, Does.EndWith("If it persists, contact the platform team"));
        Assert.That(finding.Remedy, Does.StartWith("Or ask senior-engineers to run: kubectl deployguard approve "));
    }

    /// <summary>An annotation that an earlier change of the template left is no reason, and no other statement helps against it.</summary>
    [Test]
    public void AStatementAboutATemplateOfAnotherChangeIsNotTheCause()
    {
        var left = Forge.Says(
            Stated
                .Change(to: Stated.Between)
                .About(
                    Stated.AtCommit(Stated.Between),
                    StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, new string('7', 64))
                ),
            "annotation deployguard.io/change-statement"
        );
        var byBuilder = Build.Says(Stated.Change().ReviewedBy("github:2002"));

        var alone = Decide(Always(), [left]).Denials.ToList();
        var besides = Decide(Always(), [left, byBuilder]).Denials.ToList();

        Assert.That(alone[0].Finding.Message, Does.Not.Contain("See what "));
        Assert.That(alone[1].Finding.Reason, Is.EqualTo("StatementSubject"));
        Assert.That(
            alone[1].Finding.Message,
            Does.Contain("is about the template of Deployment shop/web at commit ").And.Contain("another change")
        );
        Assert.That(
            alone[1].Finding.Remedy,
            Does.StartWith(
                "Remove it, if it is of an earlier change: kubectl annotate deployment/web -n shop deployguard.io/change-statement-. Else ask the CI "
                    + "job that built the image"
            )
        );
        Assert.That(besides[0].Finding.Message, Does.Not.Contain("StatementSubject says"));
    }

    [Test]
    public void AStatementAboutThisImageIsTheCauseBeforeOneAboutAnotherCommit()
    {
        var other = Forge.Says(Stated.Change(to: Stated.Between).About(Stated.AtCommit(Stated.Between)), "first");
        var expired = Forge.Says(Stated.Change() with { ExpiresAt = Some.Now.AddMinutes(-1) });

        Assert.That(
            Decide(Always(), [other, expired]).Denials.First().Finding.Message,
            Does.Contain("See what StatementExpired says of the statement below")
        );
    }

    [Test]
    public void WhereTheTemplateDiffersAndTheCommitOfWhatRunsIsNotKnownBothAreNamed()
    {
        var after = Deployment(New).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");

        var message = Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002"))], after, commit: null)
            .Denials.First()
            .Finding.Message;

        Assert.That(message, Does.Contain("the template differs from what runs in more than images").And.Contain(". Besides, "));
        Assert.That(message, Does.Contain($"The commit of {Running}, which runs now, is not known"));
    }

    [Test]
    public void WhereTheStatementNamesAnotherTemplateThanTheRequestBothHashesAreNamed()
    {
        var (attested, applied) = (WithEnv("p"), WithEnv("q"));
        var hash = attested.Read().Template.Hash;
        var names = Stated
            .Change()
            .ReviewedBy("github:2002")
            .About(Stated.Image(), StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, hash));

        Assert.That(
            Decide(Always(), [Forge.Says(names)], applied).Denials.First().Finding.Message,
            Does.Contain(
                $"attest this very template: its hash is {applied.Read().Template.Hash[..15]}, and the statement names {hash[..15]} "
                    + $"(kubectl apply -n shop --dry-run=server -o yaml -f MANIFEST | deployguard attest --from {Stated.Running} --to {Stated.Head} --ref "
                    + $"refs/heads/main --repository https://github.com/acme/checkout --manifest - --complete --approvals FILE --key KEY --push "
                    + $"--beside {New})"
            )
        );

        static System.Text.Json.Nodes.JsonObject WithEnv(string value) =>
            Deployment(New).With("spec/template/spec/containers/0/env", $$"""[{"name": "A", "value": "{{value}}"}]""");
    }

    /// <summary>A dry run without the right -n is of another namespace.</summary>
    [Test]
    public void WhereTheStatementNamesTheTemplateOfAnotherWorkloadBothAreNamed()
    {
        var after = Deployment(New).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");
        var template = StatementSubject.Of("Deployment default/web", StatementSubject.TemplateHash, after.Read().Template.Hash);
        var statement = Forge.Says(Stated.Change().ReviewedBy("github:2002").About(Stated.Image(), template));

        Assert.That(
            Decide(Always(), [statement], after).Denials.First().Finding.Message,
            Does.Contain(
                "have the CI job attest the template of Deployment shop/web: the statement names that of Deployment default/web (kubectl "
            )
        );
    }

    /// <summary>Its job is not asked again for what it did: the build's statement is missing.</summary>
    [TestCase(Phase.Proven)]
    [TestCase(Phase.Completed)]
    public void WhereTheTemplateIsAttestedWhatIsMissingBesideItIsNamedAlone(Phase phase)
    {
        var after = Deployment(New).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");
        var template = StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, after.Read().Template.Hash);
        var statement = Forge.Says(Stated.Change().ReviewedBy("github:2002").About(Stated.AtCommit(Stated.Head), template));

        var message = Decide(Always(), [statement], after, phase: phase).Denials.First().Finding.Message;

        Assert.That(
            message,
            Does.Contain("a statement names this template, and counts only with what is missing: ")
                .And.Contain(
                    $"If it was built from commit {Stated.Head}, ask the CI job that built the image to run, with its key of the role Build: "
                )
        );
        Assert.That(message, Does.Not.Contain("attest this template").And.Not.Contain("Besides"));
    }

    [Test]
    public void WhereWaitingDoesNotHelpTheWayOutComesFirst()
    {
        var message = Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002"))], phase: Phase.Completed, commit: null)
            .Denials.First()
            .Finding.Message;

        Assert.That(
            message,
            Does.Contain($"Signed evidence does not stand in for it: {New}: The commit of {Running}, which runs now, is not known")
                .And.EndWith(". Besides, what runs now is not proven")
        );
        Assert.That(message, Does.Not.Contain("Wait"));
    }

    /// <summary>What is said before asks a CI job.</summary>
    [Test]
    public void WhereACiJobIsAskedTheApproversAreNamed()
    {
        Assert.That(
            Decide(Always(), []).Denials.First().Finding.Remedy,
            Does.StartWith("Or ask senior-engineers to run: kubectl deployguard approve ")
        );
        Assert.That(
            Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:9999"))]).Denials.First().Finding.Remedy,
            Does.StartWith("Ask senior-engineers to run: kubectl deployguard approve ")
        );
    }

    [TestCase(true)]
    [TestCase(false)]
    public void WhereNothingRunsTheChangeBeginsWithTheFirstCommit(bool isNew)
    {
        var policy = Always();
        var nothing = OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify([], KeySet.Of(Forge.Trusted)), Some.Now);
        var image = new SignedImage(New, nothing) { Note = $"Ask for attest --from {AttestAdvice.ThatRuns}" };
        var cluster = Cluster(policy, [new SignedFacts(policy.Name, [image])]);
        var verdict = isNew
            ? Some.Decide(Some.Create(Deployment(New)), cluster with { LiveHash = null, Changes = [] })
            : Some.Decide(Some.Update(Deployment(Running), Deployment(New)), cluster);

        Assert.That(
            verdict.Denials.First().Finding.Message,
            Does.Contain($"attest --from {(isNew ? "0000000000000000000000000000000000000000" : "COMMIT-THAT-RUNS")}")
        );
    }

    private static string MessageOf(SafeguardPolicy policy, ChangeStatement statement) =>
        Decide(policy, [Forge.Says(statement)]).Denials.First().Finding.Message;

    private static string MessageOf(FoundAttestation[] found, string? commit = "") =>
        Decide(Always(), found, commit: commit).Denials.First().Finding.Message;

    private static string Unproven(Func<Change, Change> running)
    {
        var policy = Always();
        var nothing = OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify([], KeySet.Of(Forge.Trusted)), Some.Now);
        var cluster = Cluster(
            policy,
            [new SignedFacts(policy.Name, [new SignedImage(New, nothing) { Note = "not here" }])],
            Phase.Completed
        );
        var verdict = Some.Decide(
            Some.Update(Deployment(Running), Deployment(New)),
            cluster with
            {
                Changes = [.. cluster.Changes.Select(running)],
            }
        );
        return verdict.Denials.First().Finding.Message;
    }
}
