using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>What statements prove about an image: the chain from its digest to what runs, and each link that may be missing.</summary>
public class OriginTests
{
    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);
    private static readonly Signer s_second = new("second", KeyRole.SourceReview);
    private static readonly Signer s_vsa = new("forge", KeyRole.Vsa, Stated.Verifier);
    private static readonly KeySet s_keys = KeySet.Of(s_build.Trusted, s_review.Trusted, s_second.Trusted, s_vsa.Trusted);

    [Test]
    public void AReviewedChangeSinceWhatRunsIsNotAiAndItsReviewsCount()
    {
        var result = Evaluate(s_review.Says(Stated.Change().ReviewedBy("github:2002", "github:3003")));

        Assert.Multiple(() =>
        {
            Assert.That((result.Origin, result.Missing), Is.EqualTo((OriginVerdict.NotAi, (MissingLink?)null)));
            Assert.That(result.Findings, Is.Empty);
            Assert.That(result.Head?.Commit, Is.EqualTo(Stated.Head));
            Assert.That(result.Reviews.Select(r => r.Person), Is.EqualTo(new[] { "github:2002", "github:3003" }));
            Assert.That(result.Reviews[0].Keys, Is.EqualTo(new[] { "review" }));
            Assert.That(result.Authors, Is.EqualTo(new[] { "github:1001" }));
        });
    }

    [Test]
    public void WithoutAnyStatementTheCommitOfTheImageIsMissing()
    {
        var result = Evaluate();
        Assert.That((result.Origin, result.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.HeadCommit)));
        Assert.That(result.Missing?.What, Does.Contain($"sha256:{Stated.Digest}, the digest that the pod names"));
    }

    [Test]
    public void ABuildStatementLinksTheImageToACommitThatAStatementAboutCommitsJudges()
    {
        var about = Stated.Change().ReviewedBy("github:2002").About(Stated.AtCommit());
        var alone = Evaluate(s_review.Says(about));
        var both = Evaluate(s_build.Says(Stated.Build()), s_review.Says(about));

        Assert.Multiple(() =>
        {
            Assert.That((alone.Origin, alone.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.HeadCommit)));
            Assert.That(alone.Findings.Single().Kind, Is.EqualTo(FindingKind.WrongSubject));
            Assert.That((both.Origin, both.Reviews.Count, both.Findings.Count), Is.EqualTo((OriginVerdict.NotAi, 1, 0)));
            Assert.That(both.Head?.Keys, Is.EqualTo(new[] { "build" }));
        });
    }

    [Test]
    public void ABuildStatementAloneLeavesTheChangeUnknown()
    {
        var result = Evaluate(s_build.Says(Stated.Build()));
        Assert.That(
            (result.Origin, result.Missing?.Kind, result.Head?.Commit),
            Is.EqualTo((OriginVerdict.Unknown, LinkKind.Change, Stated.Head))
        );
    }

    [Test]
    public void AStatementAboutTheHeadCommitAloneIsNotEnough()
    {
        var result = Evaluate(s_review.Says(Stated.Change(from: Stated.Between).ReviewedBy("github:2002")));

        Assert.Multiple(() =>
        {
            Assert.That(
                (result.Origin, result.Missing?.Kind, result.Reviews.Count),
                Is.EqualTo((OriginVerdict.Unknown, LinkKind.Chain, 0))
            );
            Assert.That(result.Findings.Single().Kind, Is.EqualTo(FindingKind.HeadCommitOnly));
            Assert.That(
                result.Findings.Single().Remedy,
                Is.EqualTo(
                    $"Ask the CI job that holds the key of the role SourceReview to run: deployguard attest --from {Stated.Running} "
                        + $"--to {Stated.Head} --ref refs/heads/BRANCH --complete --approvals FILE --key KEY --push --beside IMAGE."
                )
            );
        });
    }

    [Test]
    public void AStatementThatBeginsTooEarlyIsNotSaidToJudgeTooLittle()
    {
        var missing = Evaluate(s_review.Says(Stated.Change(from: Stated.Commit('d')).ReviewedBy("github:2002"))).Missing;

        Assert.That(missing?.What, Does.Contain("none begins there. One must begin exactly there, neither later nor earlier"));
    }

    [Test]
    public void AnUnbrokenChainOfStatementsCounts()
    {
        var earlier = Verified(
            s_review.Says(
                Stated.Change(to: Stated.Between).ReviewedBy("github:2002", "github:4004").About(Stated.Image(Stated.OtherDigest))
            )
        );
        var found = s_review.Says(Stated.Change(from: Stated.Between).ReviewedBy("github:2002", "github:3003"));
        var result = Evaluate(Stated.Question(), [found], earlier);

        Assert.Multiple(() =>
        {
            Assert.That((result.Origin, result.Chain.Count, result.Findings.Count), Is.EqualTo((OriginVerdict.NotAi, 2, 0)));
            Assert.That(result.Chain.Select(l => l.HeadCommit), Is.EqualTo(new[] { Stated.Between, Stated.Head }));
            Assert.That(result.Reviews.Single().Person, Is.EqualTo("github:2002"), "the others saw a part of the range");
        });
    }

    [Test]
    public void AChainThatDoesNotReachWhatRunsIsBroken()
    {
        var middle = Stated.Commit('d');
        var earlier = Verified(s_review.Says(Stated.Change(from: middle, to: Stated.Between)));
        var result = Evaluate(Stated.Question(), [s_review.Says(Stated.Change(from: Stated.Between))], earlier);

        Assert.That((result.Origin, result.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.Chain)));
        Assert.That(result.Findings.Single().Kind, Is.EqualTo(FindingKind.BrokenChain));
        Assert.That(
            result.Findings.Single().Remedy,
            Does.Contain($" --from {Stated.Running} --to {middle} --ref refs/heads/BRANCH --complete ")
        );
    }

    [Test]
    public void WhatRanBeforeIsNoPartOfTheChange()
    {
        var earlier = Verified(
            s_review.Says(
                Stated.Change(from: Stated.Between, to: Stated.Running, ai: AiStatus.Assisted).About(Stated.Image(Stated.OtherDigest))
            )
        );
        var result = Evaluate(Stated.Question(), [s_review.Says(Stated.Change())], earlier);
        Assert.That((result.Origin, result.AiMarks.Count), Is.EqualTo((OriginVerdict.NotAi, 0)));
    }

    [Test]
    public void EverythingThatRunsMustBeReached()
    {
        var both = Evaluate(Stated.Question(Stated.Running, Stated.Between), [s_review.Says(Stated.Change())]);
        var unknown = Evaluate(Stated.Question(Stated.Running, null), [s_review.Says(Stated.Change())]);

        Assert.That((both.Origin, both.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.Chain)));
        Assert.That((unknown.Origin, unknown.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.RunningCommit)));
        Assert.That(unknown.Missing?.What, Does.StartWith("The commit of web@old, which runs now, is not known"));
    }

    [Test]
    public void WhereNothingRunsTheWholeHistoryMustBeJudged()
    {
        var nothing = Stated.Question() with { Running = [] };
        var part = Evaluate(nothing, [s_review.Says(Stated.Change())]);
        var whole = Evaluate(nothing, [s_review.Says(Stated.Change(from: Stated.Commit('0')))]);
        // An old image has such a statement too.
        var wholeOfMore = Evaluate(Stated.Question(), [s_review.Says(Stated.Change(from: Stated.Commit('0')))]);

        Assert.That((part.Origin, part.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.Chain)));
        Assert.That((whole.Origin, wholeOfMore.Missing?.Kind), Is.EqualTo((OriginVerdict.NotAi, LinkKind.Chain)));
    }

    [Test]
    public void AStatementThatBeginsAtItsOwnHeadIsAboutNoChange()
    {
        var result = Evaluate(s_review.Says(Stated.Change(from: Stated.Head)));

        Assert.That(result.Missing?.Kind, Is.EqualTo(LinkKind.Chain));
        Assert.That(result.Missing?.What, Does.StartWith($"The change statement about {Stated.Head} begins at that very commit"));
    }

    /// <summary>The one that matters may be by another key.</summary>
    [Test]
    public void AnExpiredStatementThatItsKeyRenewedIsNoFinding()
    {
        var expired = Stated.Change() with { ExpiresAt = Some.Now.AddMinutes(-1) };

        Assert.That(Evaluate(s_review.Says(expired)).Findings.Single().Kind, Is.EqualTo(FindingKind.Expired));
        Assert.That(Evaluate(s_review.Says(expired), s_review.Says(Stated.Change(), "there")).Findings, Is.Empty);
        Assert.That(Evaluate(s_build.Says(expired), s_review.Says(Stated.Change(), "there")).Findings.Single().Keys, Is.EqualTo("build"));
    }

    [Test]
    public void AnotherImageOfTheRunningCommitNeedsAStatementAboutThatCommit()
    {
        var question = Stated.Question(Stated.Head);
        Assert.That(Evaluate(question, [s_build.Says(Stated.Build())]).Origin, Is.EqualTo(OriginVerdict.Unknown));
        Assert.That(Evaluate(question, [s_review.Says(Stated.Change())]).Origin, Is.EqualTo(OriginVerdict.NotAi));
        // All that is said of that commit counts, whatever it started from.
        var silent = s_review.Says(Stated.Change(from: Stated.Between, ai: AiStatus.Unknown));
        Assert.That(Evaluate(question, [s_review.Says(Stated.Change()), silent]).Origin, Is.EqualTo(OriginVerdict.Unknown));
    }

    [Test]
    public void AnIncompleteStatementIsNoLink()
    {
        var result = Evaluate(s_review.Says(Stated.Change().ReviewedBy("github:2002") with { IsComplete = false }));
        Assert.That((result.Origin, result.Missing?.Kind, result.Reviews.Count), Is.EqualTo((OriginVerdict.Unknown, LinkKind.Change, 0)));
        Assert.That(result.Findings.Single().Kind, Is.EqualTo(FindingKind.Incomplete));
    }

    [Test]
    public void AStatementThatDoesNotSayWhetherAiHadAPartLeavesThatUnknownAndItsReviewsCount()
    {
        var result = Evaluate(s_review.Says(Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:2002")));
        Assert.That((result.Origin, result.Missing?.Kind, result.Reviews.Count), Is.EqualTo((OriginVerdict.Unknown, LinkKind.AiStatus, 1)));
    }

    [Test]
    public void OfTwoStatementsTheStricterWins([Values(AiStatus.Assisted, AiStatus.Unknown)] AiStatus other)
    {
        var result = Evaluate(s_review.Says(Stated.Change()), s_second.Says(Stated.Change(ai: other)));
        Assert.That(result.Origin, Is.EqualTo(other is AiStatus.Assisted ? OriginVerdict.Ai : OriginVerdict.Unknown));
    }

    [Test]
    public void StatementsThatNameDifferentCommitsProveNone()
    {
        var result = Evaluate(s_review.Says(Stated.Change()), s_build.Says(Stated.Build(Stated.Between)));
        Assert.That(
            (result.Origin, result.Missing?.Kind, result.Head),
            Is.EqualTo((OriginVerdict.Unknown, LinkKind.OneCommit, (HeadCommit?)null))
        );
    }

    [Test]
    public void WithoutARepositoryInThePolicyNothingIsRelaxedAndAiIsBelieved()
    {
        var question = Stated.Question() with { Sources = [] };
        var human = Evaluate(question, [s_review.Says(Stated.Change().ReviewedBy("github:2002"))]);
        var ai = Evaluate(question, [s_review.Says(Stated.Change(ai: AiStatus.Assisted))]);

        Assert.That((human.Origin, human.Missing?.Kind, human.Reviews.Count), Is.EqualTo((OriginVerdict.Unknown, LinkKind.Source, 0)));
        Assert.That(ai.Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    /// <summary>Case 5: no signature of the image is needed. Case 6: what says nothing of the origin does not disturb.</summary>
    [Test]
    public void Case05And06_AnAttestationWithoutASignatureCountsBesideAnSbomOfTheSameKey()
    {
        var result = Evaluate(s_review.Says(Stated.Of("https://spdx.dev/Document")), s_review.Says(Stated.Change()));
        Assert.That((result.Origin, result.Findings.Count, result.SignedBy.Count), Is.EqualTo((OriginVerdict.NotAi, 0, 0)));
    }

    [Test]
    public void ASignatureOfTheImageProvesNoCommit()
    {
        var (payload, signature) = s_build.SimpleSigning(Stated.Digest);
        var result = Evaluate(
            new FoundAttestation("tag", AttestationFormat.SimpleSigning, payload, signature),
            s_review.Says(Stated.Of("https://sigstore.dev/cosign/sign/v1"))
        );
        Assert.That((result.Missing?.Kind, result.Origin), Is.EqualTo((LinkKind.HeadCommit, OriginVerdict.Unknown)));
        Assert.That(result.Missing?.What, Does.Contain("a signature of the image alone says nothing of its commit"));
        Assert.That(result.SignedBy, Is.EquivalentTo(new[] { "build", "review" }));
    }

    [Test]
    public void Case07_EveryPlatformOfAnIndexMustBeCovered()
    {
        var (amd, arm) = (new string('3', 64), new string('4', 64));
        var question = Stated.Question() with
        {
            Image = new JudgedImage("sha256:" + Stated.Digest) { Platforms = [new("linux/amd64", amd), new("linux/arm64", arm)] },
        };
        var change = Stated.Change();
        var one = Evaluate(question, [s_review.Says(change.About(Stated.Image(amd)))]);
        var both = Evaluate(question, [s_review.Says(change.About(Stated.Image(amd))), s_build.Says(Stated.Build(digest: arm))]);
        var index = Evaluate(question, [s_review.Says(change)]);

        Assert.Multiple(() =>
        {
            Assert.That((one.Origin, one.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.Platform)));
            Assert.That(one.Missing?.What, Does.Contain($"linux/arm64 ({arm})").And.Not.Contain("amd64"));
            Assert.That((both.Origin, index.Origin), Is.EqualTo((OriginVerdict.NotAi, OriginVerdict.NotAi)));
        });
    }

    [Test]
    public void Case08_AStatementAboutAnIndexCoversItsImagesOnlyIfThePolicySaysSo()
    {
        var found = s_review.Says(Stated.Change().About(Stated.Image(Stated.OtherDigest)));
        var alone = Evaluate(found);
        var mapped = Evaluate(Stated.Question() with { Image = new JudgedImage(Stated.Digest) { PartOf = [Stated.OtherDigest] } }, [found]);

        Assert.That((alone.Origin, alone.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.HeadCommit)));
        Assert.That(alone.Missing?.What, Does.Contain(Stated.Digest));
        Assert.That(mapped.Origin, Is.EqualTo(OriginVerdict.NotAi));
    }

    /// <summary>Case 9: a kept verification answers as the first did. Case 31: one that does not match does not end the search.</summary>
    [Test]
    public void Case09And31_AKeptVerificationAnswersAgainAndOthersBeforeTheMatchingOneDoNotDisturb()
    {
        var kept = AttestationVerifier.Verify(
            [
                new("first", AttestationFormat.Bundle, "nonsense"u8.ToArray()),
                new Signer("stranger", KeyRole.SourceReview).Says(Stated.Change()),
                s_review.Says(Stated.Change().About(Stated.Image(Stated.OtherDigest))),
                s_review.Says(Stated.Change().ReviewedBy("github:2002")),
            ],
            s_keys
        );
        var (first, second) = (
            OriginEvaluator.Evaluate(Stated.Question(), kept, Some.Now),
            OriginEvaluator.Evaluate(Stated.Question(), kept, Some.Now)
        );

        Assert.That((first.Origin, first.Reviews.Count, first.Missing), Is.EqualTo((OriginVerdict.NotAi, 1, (MissingLink?)null)));
        Assert.That((second.Origin, second.Reviews.Single().Person), Is.EqualTo((first.Origin, first.Reviews.Single().Person)));
        Assert.That(second.Findings, Is.EqualTo(first.Findings));
    }

    [Test]
    public void TheTemplateThatAReviewIsAboutIsNamed()
    {
        var subject = StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, "v2:abc");
        var result = Evaluate(s_review.Says(Stated.Change().About(Stated.Image(), subject)));
        Assert.That(result.ReviewedTemplates, Is.EqualTo(new[] { new ReviewedTemplate("Deployment shop/web", "v2:abc") }));
        Assert.That(Evaluate(s_build.Says(Stated.Change().About(Stated.Image(), subject))).ReviewedTemplates, Is.Empty);
    }

    private static ImageProvenance Evaluate(params FoundAttestation[] found) => Evaluate(Stated.Question(), found);

    private static ImageProvenance Evaluate(ImageQuestion question, FoundAttestation[] found, params VerifiedStatement[] earlier) =>
        OriginEvaluator.Evaluate(question, AttestationVerifier.Verify(found, s_keys), Some.Now, earlier);

    private static VerifiedStatement[] Verified(params FoundAttestation[] found) =>
        [.. AttestationVerifier.Verify(found, s_keys).Statements];
}
