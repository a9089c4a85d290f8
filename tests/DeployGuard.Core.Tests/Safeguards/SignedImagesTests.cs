using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>Signed evidence of several images, and of images in other places than containers.</summary>
public class SignedImagesTests
{
    private static readonly string s_bad = $"registry.example.com/shop/web@sha256:{new string('3', 64)}";
    private static readonly string s_side = $"registry.example.com/shop/web@sha256:{new string('4', 64)}";
    private static readonly string s_other = $"registry.example.com/other/proxy@sha256:{new string('5', 64)}";

    [Test]
    public void Case29_OneBadContainerIsRefusedAndNamedWhateverTheOrder()
    {
        var before = Containers(Running, s_side);

        Assert.That(Decide(before, Containers(New, s_side), New).IsAllowed, Is.True);
        Assert.That(Refusal(before, Containers(New, s_bad), New), Does.Contain(s_bad).And.Not.Contain($"{New}:"));
        Assert.That(Refusal(before, Containers(s_bad, New), New), Does.Contain(s_bad).And.Not.Contain($"{New}:"));
    }

    [Test]
    public void Case29_ABadInitContainerIsRefusedAndNamed()
    {
        static JsonObject Init(string main, string init) =>
            Containers(main).With("spec/template/spec/initContainers", $$"""[{"name": "migrate", "image": "{{init}}"}]""");

        Assert.That(Decide(Init(Running, s_side), Init(New, s_side), New).IsAllowed, Is.True);
        Assert.That(Refusal(Init(Running, s_side), Init(New, s_bad), New), Does.Contain(s_bad));
    }

    [Test]
    public void Case31_AnUnchangedImageThatNoSourceNamesBeforeTheMatchingOneDisturbsNothing() =>
        Assert.That(Decide(Containers(s_other, Running), Containers(s_other, New), New).IsAllowed, Is.True);

    [Test]
    public void ANewImageThatNoSourceNamesIsNotCoveredByTheOthers() =>
        Assert.That(
            Refusal(Containers(s_other, Running), Containers(s_other.Replace('5', '6'), New), New),
            Does.Contain("which the policy names no source for")
        );

    /// <summary>
    /// The same content, beside a reviewed image. Under the other name a later image of that repository would be a new version of this one.
    /// </summary>
    [TestCase("registry.example.com/shop/web:2@", true)]
    [TestCase("REGISTRY.example.com/shop/web@", true)]
    [TestCase("registry.example.com/shop/web-debug@", false)]
    [TestCase("registry.example.com/shop/web/debug:1@", false)]
    [TestCase("evil.example.com/shop/web@", false)]
    [TestCase("shop/web@", false)]
    public void TheSameContentStaysInItsRepository(string name, bool isAllowed)
    {
        var moved = s_side.Replace("registry.example.com/shop/web@", name, StringComparison.Ordinal);
        var (before, after) = (Containers(Running, s_side), Containers(New, moved));

        Assert.That(Decide(before, after, New).IsAllowed, Is.EqualTo(isAllowed));
        if (!isAllowed)
        {
            Assert.That(Refusal(before, after, New), Does.Contain($"{moved} takes the place of an image of another repository, {s_side}"));
        }
    }

    /// <summary>What no source names either: of other repositories nobody knows what comes next.</summary>
    [Test]
    public void TheSameContentOfWhatNoSourceNamesStaysInItsRepositoryToo()
    {
        var moved = s_other.Replace("other/proxy", "other/debug", StringComparison.Ordinal);
        var tagged = s_other.Replace("@", ":2@", StringComparison.Ordinal);

        Assert.That(
            Refusal(Containers(s_other, Running), Containers(moved, New), New),
            Does.Contain("takes the place of an image of another repository")
        );
        Assert.That(Decide(Containers(s_other, Running), Containers(tagged, New), New).IsAllowed, Is.True);
    }

    /// <summary>A second deploy soon after the first: what runs is not proven yet, and all of it was approved.</summary>
    [TestCase(Phase.Proven)]
    [TestCase(Phase.Running)]
    public void AnImageThatStaysIsKnownInATemplateThatAStatementNames(Phase phase)
    {
        static JsonObject Side(string main, string value) =>
            Containers(main)
                .With("spec/template/spec/initContainers", $$"""[{"name": "side", "image": "{{s_side}}"}]""")
                .With("spec/template/spec/containers/0/env", $$"""[{"name": "A", "value": "{{value}}"}]""");
        var (policy, before, after) = (Always(), Side(Running, "1"), Side(New, "2"));
        var running = Some.Change(before, phase) with { IsApproved = true, ProvenCommits = [Commit(Running, Stated.Running)] };
        var cluster = new ClusterSnapshot
        {
            Policies = [policy],
            LiveHash = running.TemplateHash,
            Changes = [running],
        };
        var statement = Stated
            .Change()
            .ReviewedBy("github:2002")
            .About(Stated.Image(), StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, after.Read().Template.Hash));
        var origin = policy.SignedOrigin ?? throw new AssertionException("no keys");
        var question = OriginQuestion.Of(policy, origin, New, new JudgedImage(Stated.Digest), [new RunningImage(Running, Stated.Running)]);
        var proven = OriginEvaluator.Evaluate(question, AttestationVerifier.Verify([Forge.Says(statement)], Keys), Some.Now);

        var verdict = Some.Decide(
            Some.Update(before, after),
            cluster with
            {
                SignedFacts = [new SignedFacts(policy.Name, [new SignedImage(New, proven)])],
            }
        );

        Assert.That(verdict.IsAllowed, Is.True, verdict.Denials.FirstOrDefault()?.Finding.Message);
    }

    [Test]
    public void Case33_AnImageVolumeIsJudgedLikeAContainer()
    {
        static JsonObject Volume(string image) =>
            Containers(s_side).With("spec/template/spec/volumes", $$"""[{"name": "model", "image": {"reference": "{{image}}"} }]""");

        Assert.That(Decide(Volume(Running), Volume(New), New).IsAllowed, Is.True);
        Assert.That(Refusal(Volume(Running), Volume(s_bad), New), Does.Contain(s_bad));
    }

    [Test]
    public void Case34_AnAnnotationThatClaimsTheOutcomeIsIgnored()
    {
        var claimed = Containers(New)
            .Annotated("deployguard.io/origin", "Human")
            .Annotated("deployguard.io/approved", "true")
            .Annotated("deployguard.io/ai-assisted", "false");

        Assert.That(Decide(Containers(Running), claimed).Reasons(), Does.Contain("ApprovalMissing"));
    }

    [Test]
    public void Case35_AnObjectThatIsBeingDeletedIsJudgedAsLongAsItCanRunANewImage()
    {
        static JsonObject Ending(string image) => Containers(image).With("metadata/deletionTimestamp", "\"2026-11-23T11:59:00Z\"");

        Assert.That(Decide(Ending(Running), Ending(New)).Reasons(), Does.Contain("ApprovalMissing"));
        Assert.That(Decide(Ending(Running), Ending(New), New).IsAllowed, Is.True);
    }

    [TestCase(Mode.Audit)]
    [TestCase(Mode.Warn)]
    public void Case36_WhatCannotBeLookedUpDeniesNothingUnlessThePolicyEnforces(Mode mode)
    {
        Assert.That(Unavailable(Human() with { Mode = mode }).IsAllowed, Is.True);
        Assert.That(Unavailable(Human()).IsAllowed, Is.False);
    }

    private static JsonObject Containers(params string[] images) =>
        Deployment(images[0])
            .With(
                "spec/template/spec/containers",
                $"[{string.Join(',', images.Select((image, i) => $$"""{"name": "c{{i}}", "image": "{{image}}"}"""))}]"
            );

    private static string Refusal(JsonObject before, JsonObject after, params string[] proven) =>
        Decide(before, after, proven).Denials.First(d => d.Finding.Reason == "ApprovalMissing").Finding.Message;

    /// <param name="proven">The new images about which trusted signers say everything.</param>
    private static Verdict Decide(JsonObject before, JsonObject after, params string[] proven)
    {
        var policy = Human();
        var running = Some.Change(before, Phase.Proven);
        var request = Some.Update(before, after);
        var cluster = new ClusterSnapshot
        {
            Policies = [policy],
            LiveHash = running.TemplateHash,
            Changes = [running],
        };
        var asked = SignedQuestions.Of(Some.Evaluator.Classify(request, cluster, Some.Now), policy).Statements;
        return Some.Decide(
            request,
            cluster with
            {
                SignedFacts = [new SignedFacts(policy.Name, [.. asked.Select(i => new SignedImage(i, Of(proven.Contains(i))))])],
            }
        );
    }

    private static ImageProvenance Of(bool isProven) =>
        OriginEvaluator.Evaluate(
            Stated.Question(Stated.Running),
            AttestationVerifier.Verify(isProven ? [Forge.Says(Stated.Change())] : [], KeySet.Of(Forge.Trusted, Build.Trusted)),
            Some.Now
        );
}
