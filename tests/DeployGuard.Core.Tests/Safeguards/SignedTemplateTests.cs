using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>A change of the template alone, whose hash a statement names: it must lead on from what runs, and never back.</summary>
public class SignedTemplateTests
{
    private const string Erin = "github:2002";
    private const string Workload = "Deployment shop/web";

    /// <summary>Before and after the change; the image is the same.</summary>
    private static JsonObject Old => Env("1");

    private static JsonObject Newer => Env("2");

    [Test]
    public void AReviewedTemplateNeedsNoApprovalAlthoughNoImageIsNew()
    {
        var verdict = Decide(Always(), [Forge.Says(Named(Newer, Stated.Change().ReviewedBy(Erin)))]);

        Assert.That(verdict.IsAllowed, Is.True);
        Assert.That(verdict.Basis.Single(), Does.StartWith("github:2002 (signed review, key forge, statement "));
    }

    /// <summary>Somebody piled things up beside another image of the template, so that what takes the review back is not read.</summary>
    [Test]
    public void WhatWasNotReadBesideAnotherImageMayTakeTheReviewBack()
    {
        FoundAttestation[] found = [Forge.Says(Named(Newer, Stated.Change().ReviewedBy(Erin)))];
        var pile = new MissingLink(LinkKind.Unread, "There is more than is read.", "Remove it.");

        var verdict = Decide(
            Always(),
            found,
            besides: proven => new SignedImage(New, proven with { Missing = pile, Chain = [], Reviews = [], ReviewedTemplates = [] })
        );

        Assert.That(verdict.IsAllowed, Is.False);
        Assert.That(verdict.Denials.First().Finding.Message, Does.Contain($"{New}: There is more than is read. Remove it"));
    }

    [Test]
    public void NoAiIsEnoughWhereOnlyAiIsApproved()
    {
        Assert.That(Decide(Human(), [Forge.Says(Named(Newer, Stated.Change()))]).IsAllowed, Is.True);
        Assert.That(Decide(Human(), [Forge.Says(Named(Newer, Stated.Change(ai: AiStatus.Unknown)))]).IsAllowed, Is.False);
        Assert.That(
            Decide(Human(), [Forge.Says(Named(Newer, Stated.Change(ai: AiStatus.Assisted)))]).Denials.First().Finding.Message,
            Does.StartWith("AI-assisted change")
        );
    }

    [Test]
    public void TheAiOfTheImageThatRunsIsNoPartOfTheChange()
    {
        var earlier = Forge.Says(
            Stated.Change(Stated.Between, Stated.Running, AiStatus.Assisted).About(Stated.Image(new string('2', 64))),
            "earlier"
        );

        Assert.That(Decide(Human(), [Forge.Says(Named(Newer, Stated.Change())), earlier]).IsAllowed, Is.True);
    }

    /// <summary>The statement by which the old template came, while the new one of a later commit runs with the same image.</summary>
    [Test]
    public void AnOldStatementDoesNotBringAnOldTemplateBack()
    {
        var came = Forge.Says(Named(Old, Stated.Change(to: Stated.Between).ReviewedBy(Erin)), "old");
        var replaced = Forge.Says(Named(Newer, Stated.Change(from: Stated.Between).ReviewedBy(Erin)), "new");

        var verdict = Decide(Always(), [came, replaced], before: Newer, after: Old, runs: [OfTemplate(Stated.Head)]);

        Assert.That(verdict.IsAllowed, Is.False);
        Assert.That(
            verdict.Denials.First().Finding.Message,
            Does.Contain("and none begins there").And.Contain("--key KEY --format annotation").And.Not.Contain("--beside")
        );
    }

    /// <summary>The commit of the image is older than the template that runs: by it, the old statement would be a step ahead.</summary>
    [Test]
    public void ARepeatedJobThatSignsTheOldCommitAgainDoesNotEither()
    {
        var again = Stated.Change(to: Stated.Between).ReviewedBy(Erin) with { IssuedAt = Some.Now };

        Assert.That(
            Decide(Always(), [Forge.Says(Named(Old, again))], before: Newer, after: Old, runs: [OfTemplate(Stated.Head)]).IsAllowed,
            Is.False
        );
        Assert.That(
            Decide(Always(), [Forge.Says(Named(Old, again))], before: Newer, after: Old, runs: [OfTemplate(Stated.Between)])
                .Denials.First()
                .Finding.Message,
            Does.Contain($"what runs is of that commit already, so that the statement may be an old one")
        );
    }

    /// <summary>A correction that people approved in the cluster has no commit, so that nothing says that a statement is newer.</summary>
    [Test]
    public void AfterATemplateWithoutACommitNoStatementCounts()
    {
        var verdict = Decide(Always(), [Forge.Says(Named(Newer, Stated.Change().ReviewedBy(Erin)))], runs: []);

        Assert.That(verdict.IsAllowed, Is.False);
        Assert.That(
            verdict.Denials.First().Finding.Message,
            Does.Contain("No statement said of the revision that runs of which commit it is")
        );
    }

    [Test]
    public void ACommitThatTookAChangeBackIsAStepAhead()
    {
        FoundAttestation[] all =
        [
            Forge.Says(Named(Old, Stated.Change(to: Stated.Between).ReviewedBy(Erin)), "first"),
            Forge.Says(Named(Newer, Stated.Change(from: Stated.Between).ReviewedBy(Erin)), "second"),
            Forge.Says(Named(Old, Stated.Change(from: Stated.Head, to: Stated.Commit('d')).ReviewedBy(Erin)), "third"),
        ];

        Assert.That(Decide(Always(), all, before: Newer, after: Old, runs: [OfTemplate(Stated.Head)]).IsAllowed, Is.True);
    }

    [Test]
    public void EveryCommitOnRecordOfTheRevisionMustBeTheBase()
    {
        ProvenCommit[] two = [OfTemplate(Stated.Running), OfTemplate(Stated.Head) with { Image = New }];

        Assert.That(
            Decide(Always(), [Forge.Says(Named(Newer, Stated.Change(to: Stated.Between).ReviewedBy(Erin)))], runs: two).IsAllowed,
            Is.False
        );
    }

    [TestCase("Deployment staging/web")]
    [TestCase("StatefulSet shop/web")]
    public void TheTemplateOfAnotherWorkloadWasNotReviewedForThisOne(string workload) =>
        Assert.That(
            Decide(Always(), [Forge.Says(Named(Newer, Stated.Change().ReviewedBy(Erin), workload))]).Denials.First().Finding.Message,
            Does.Contain("names the template of Deployment shop/web")
        );

    [Test]
    public void AnotherTemplateWasNotReviewed() =>
        Assert.That(Decide(Always(), [Forge.Says(Named(Env("3"), Stated.Change().ReviewedBy(Erin)))]).IsAllowed, Is.False);

    [Test]
    public void ABuildKeyCannotStateIt() =>
        Assert.That(Decide(Always(), [Build.Says(Named(Newer, Stated.Change().ReviewedBy(Erin)))]).IsAllowed, Is.False);

    [TestCase(Phase.Completed)]
    [TestCase(Phase.Running)]
    public void WhatRunsMustBeProven(Phase phase) =>
        Assert.That(
            Decide(Always(), [Forge.Says(Named(Newer, Stated.Change().ReviewedBy(Erin)))], phase: phase).Denials.First().Finding.Message,
            Does.Contain("what runs now is not proven")
        );

    [Test]
    public void OnlyAStatementThatNamesTheTemplateAsksForALookup()
    {
        var named = Forge.Says(Named(Newer, Stated.Change()));
        var other = Forge.Says(Named(Env("3"), Stated.Change()));
        var newImage = Newer.With("spec/template/spec/containers/0/image", $"\"{New}\"");

        Assert.That(Asked(Bringing(Newer, named)), Is.EqualTo(new[] { Running }));
        Assert.That(Asked(Bringing(Newer, other)), Is.Empty);
        Assert.That(Asked(Newer), Is.Empty);
        Assert.That(Asked(Newer.With("metadata/annotations", """{"deployguard.io/change-statement": "odd"}""")), Is.Empty);
        Assert.That(
            Asked(Bringing(newImage, Forge.Says(Named(newImage, Stated.Change())))),
            Is.Empty,
            "a new image is looked up by itself"
        );
        Assert.That(Requires(Bringing(Newer, named)), Is.True);
        Assert.That(Requires(Newer), Is.False);

        IReadOnlyList<string> Asked(JsonObject after) =>
            SignedQuestions.Of(Some.Evaluator.Classify(Some.Update(Old, after), Cluster(Always(), Old, []), Some.Now), Always()).OfTemplate;

        bool Requires(JsonObject after) =>
            Some.Requires(Some.Update(Old, after), Cluster(Always(), Old, [])).Reads.HasFlag(RequiredReads.SignedEvidence);
    }

    /// <summary>Nothing is looked up then, and nothing else tells how a review could stand in for the approval.</summary>
    [Test]
    public void ATemplateAloneWithoutAStatementIsToldHowToBringOne()
    {
        var finding = Bare(Always(), [OfImage(Stated.Running)]);

        Assert.That(
            finding.Message,
            Does.Contain(
                    "Signed evidence does not stand in for it: only the template changed, and the request brings no statement that names it"
                )
                .And.Contain(
                    "kubectl apply -n shop --dry-run=server -o yaml -f MANIFEST | deployguard attest --from "
                        + $"{Stated.Running} --to NEW-COMMIT --ref refs/heads/main --repository https://github.com/acme/checkout --manifest - --complete --approvals FILE --key KEY --format annotation"
                )
                .And.EndWith("kubectl patch deployment/web -n shop --type merge --patch-file change.json, and apply MANIFEST")
        );
        Assert.That(finding.Remedy, Does.StartWith("Or ask senior-engineers to run: "));
    }

    [Test]
    public void WhereDryRunsAreRefusedNobodyIsToldToMakeOne() =>
        Assert.That(
            Bare(Always() with { DryRun = DryRunAnswer.Refuse }, [OfImage(Stated.Running)]).Message,
            Does.EndWith(
                    "The policy refuses the dry run that such a statement is made from (dryRun: Refuse), so that an approval in the cluster is the way"
                )
                .And.Not.Contain("kubectl apply")
        );

    [Test]
    public void NoStatementIsAskedForThatWouldNotCount()
    {
        Assert.That(
            Bare(Always(), []).Message,
            Does.EndWith(
                "no commit of the revision that runs is on record, so that no statement about a template counts until a new image comes"
            )
        );
        Assert.That(
            Bare(Always(), [OfImage(Stated.Running)], Phase.Completed).Message,
            Does.Contain("deployguard attest").And.Contain(". Besides, what runs now is not proven. Wait ")
        );
        Assert.That(
            Bare(Some.Policy("""{"approval": {"required": "Always", "quorum": [{"groups": ["senior-engineers"]}]}}"""), []).Message,
            Does.Not.Contain("Signed evidence")
        );
    }

    private static Finding Bare(SafeguardPolicy policy, ProvenCommit[] runs, Phase phase = Phase.Proven) =>
        Some.Decide(Some.Update(Old, Newer), Cluster(policy, Old, runs, phase)).Denials.First().Finding;

    [Test]
    public void TheCommitOfATemplateIsNotThatOfItsImage()
    {
        var cluster = Cluster(Always(), Old, [OfImage(Stated.Running), OfTemplate(Stated.Head)]);

        Assert.That(SignedQuestions.CommitOf(Running, Always(), Keys, cluster), Is.EqualTo(Stated.Running));
    }

    /// <param name="runs">Commits on record of the revision that runs; by default that of its image.</param>
    private static Verdict Decide(
        SafeguardPolicy policy,
        FoundAttestation[] found,
        JsonObject? before = null,
        JsonObject? after = null,
        ProvenCommit[]? runs = null,
        Phase phase = Phase.Proven,
        Func<ImageProvenance, SignedImage>? besides = null
    )
    {
        var was = before ?? Old;
        var cluster = Cluster(policy, was, runs ?? [OfImage(Stated.Running)], phase);
        var request = Some.Update(was, Bringing(after ?? Newer, found[0]));
        var evaluated = Some.Evaluator.Classify(request, cluster, Some.Now);
        var asked = evaluated.After ?? throw new AssertionException("no workload");
        var provenance = TemplateEvaluator.Evaluate(
            OriginQuestion.Of(
                policy,
                policy.SignedOrigin ?? throw new AssertionException("no keys"),
                Running,
                new JudgedImage(new string('2', 64)),
                SignedQuestions.CommitsOfRevision(evaluated, Running, policy, Keys, cluster)
            ),
            new ReviewedTemplate($"{asked.Ref}", asked.Template.Hash),
            AttestationVerifier.Verify(found, KeySet.Of(Forge.Trusted, Build.Trusted)),
            Some.Now
        );
        SignedImage[] images = [new SignedImage(Running, provenance), .. besides is null ? [] : (SignedImage[])[besides(provenance)]];
        return Some.Decide(request, cluster with { SignedFacts = [new SignedFacts(policy.Name, images)] });
    }

    private static ClusterSnapshot Cluster(SafeguardPolicy policy, JsonObject before, ProvenCommit[] runs, Phase phase = Phase.Proven)
    {
        var running = Some.Change(before, phase) with { ProvenCommits = runs };
        return new ClusterSnapshot
        {
            Policies = [policy],
            LiveHash = running.TemplateHash,
            Changes = [running],
        };
    }

    private static ProvenCommit OfImage(string commit) => Commit(Running, commit);

    private static ProvenCommit OfTemplate(string commit) => OfImage(commit) with { IsOfTemplate = true };

    private static Statement Named(JsonObject template, ChangeStatement change, string workload = Workload) =>
        change.About(
            Stated.AtCommit(change.Source.HeadCommit),
            StatementSubject.Of(workload, StatementSubject.TemplateHash, template.Read().Template.Hash)
        );

    private static JsonObject Bringing(JsonObject deployment, FoundAttestation statement) =>
        deployment.With(
            "metadata/annotations",
            new JsonObject { ["deployguard.io/change-statement"] = Encoding.UTF8.GetString(statement.Content.Span) }.ToJsonString()
        );

    private static JsonObject Env(string value) =>
        Deployment(Running).With("spec/template/spec/containers/0/env", $$"""[{"name": "A", "value": "{{value}}"}]""");
}
