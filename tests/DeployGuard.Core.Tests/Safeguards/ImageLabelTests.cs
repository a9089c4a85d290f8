using DeployGuard.Core.Attestations;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>What images say of themselves asks for more, and never for less.</summary>
public class ImageLabelTests
{
    [Test]
    public void ASignOfAiOnAnImageNeedsAnApprovalEvenWhereAnUnknownOriginCountsAsHuman()
    {
        Assert.That(Decide("Human").IsAllowed, Is.True);

        var verdict = Decide("Human", Says("deployguard.io/ai-tool", "cursor"));

        Assert.That(
            verdict.Denials.Single().Finding.Message,
            Does.StartWith($"AI-assisted change (image label of {New}, tool cursor); approvals 0 of 1")
        );
    }

    [Test]
    public void AnImageThatSaysItIsHumanRelaxesNothing() =>
        Assert.That(Decide("AiAssisted", Says("deployguard.io/ai-assisted", "false")).Reasons(), Is.EqualTo(new[] { "ApprovalMissing" }));

    [Test]
    public void AnAuthorWhomTheImageNamesCannotApprove()
    {
        var approval = Some.ApprovalOf(Deployment(New), Some.Alice);

        Assert.That(Decide("AiAssisted", approval: approval).IsAllowed, Is.True);
        Assert.That(
            Decide("AiAssisted", Says("org.opencontainers.image.authors", "Alice Smith <alice>"), approval: approval)
                .Denials.Single()
                .Finding.Message,
            Does.Contain("Not counted: alice")
        );
    }

    [Test]
    public void ASignOfAiOnAnImageTakesTheWordOfASignerThatThereWasNone()
    {
        var signed = SignedScene.Decide(Human(), [Forge.Says(Stated.Change())]);
        var facts = signed.SignedFacts.Single();

        var verdict = Some.Decide(
            Some.Update(Deployment(Running), Deployment(New)),
            Cluster(Human(), [facts with { Claims = Says("Assisted-by", "Codex") }])
        );

        Assert.That(signed.IsAllowed, Is.True);
        Assert.That(verdict.Reasons(), Does.Contain("ApprovalMissing"));
    }

    [TestCase("Human", "Refuse", false)]
    [TestCase("Human", "TreatAsUnknown", true)]
    public void LabelsThatCannotBeReadRefuseWhereTheyCouldHaveAskedForMore(string unknown, string onUnavailable, bool isAllowed)
    {
        var verdict = Decide(unknown, unavailable: "registry.example.com: no answer", onUnavailable: onUnavailable);

        Assert.That(verdict.IsAllowed, Is.EqualTo(isAllowed));
        Assert.That(verdict.Reasons(), isAllowed ? Is.Empty : Is.EqualTo(new[] { "OriginUnavailable" }));
    }

    [Test]
    public void LabelsThatCannotBeReadChangeNothingWhereAnUnknownOriginCountsAsAiAssisted()
    {
        var approval = Some.ApprovalOf(Deployment(New), Some.Alice);

        Assert.That(Decide("AiAssisted", unavailable: "no answer", approval: approval).IsAllowed, Is.True);
        Assert.That(Decide("AiAssisted", unavailable: "no answer").Reasons(), Is.EqualTo(new[] { "ApprovalMissing" }));
    }

    [Test]
    public void NoRegistryIsAskedOfImagesThatRunAlready()
    {
        var policy = Labelled("AiAssisted");

        Assert.That(Reads(Some.Update(Deployment(Running), Deployment(New)), policy), Is.True);
        Assert.That(Reads(Some.Update(Deployment(Running), Deployment(Running).AiAssisted()), policy), Is.False);
        Assert.That(Reads(Some.Update(Deployment(Running), Deployment(New)), Some.OneSenior), Is.False);
    }

    private static bool Reads(Admission.WorkloadRequest request, SafeguardPolicy policy) =>
        Some.Requires(request, Cluster(policy, [])).Reads.HasFlag(RequiredReads.SignedEvidence);

    private static IReadOnlyList<Evidence> Says(string key, string value) => ImageMarks.Of(New, [new ImageText(true, key, value)]);

    private static SafeguardPolicy Labelled(string unknown, string onUnavailable = "Refuse") =>
        Some.Policy(
            $$"""
            {"approval": {"quorum": [{"groups": ["senior-engineers"]}]},
             "origin": {"unknown": "{{unknown}}", "imageLabels": "Read", "onUnavailable": "{{onUnavailable}}",
                        "registries": [{"host": "registry.example.com"}]} }
            """
        );

    private static Verdict Decide(
        string unknown,
        IReadOnlyList<Evidence>? claims = null,
        string unavailable = "",
        string onUnavailable = "Refuse",
        Approvals.Approval? approval = null
    )
    {
        var policy = Labelled(unknown, onUnavailable);
        return Some.Decide(
            Some.Update(Deployment(Running), Deployment(New)),
            Cluster(policy, [new SignedFacts(policy.Name, []) { Claims = claims ?? [], ClaimsUnavailable = unavailable }]) with
            {
                Approvals = approval is null ? [] : [approval],
            }
        );
    }
}
