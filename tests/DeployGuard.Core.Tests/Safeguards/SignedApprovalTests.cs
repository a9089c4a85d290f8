using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

public class SignedApprovalTests
{
    private const string Running = "registry.example.com/shop/web@sha256:2222222222222222222222222222222222222222222222222222222222222222";
    private const string New = "registry.example.com/shop/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";

    private static readonly Signer s_forge = new("forge", KeyRole.SourceReview);
    private static readonly Signer s_build = new("build", KeyRole.Build);

    [Test]
    public void AHumanChangeThatTrustedKeysProveNeedsNoApproval() =>
        Assert.That(Decide(Human(), [s_forge.Says(Stated.Change())]).IsAllowed, Is.True);

    [Test]
    public void WithoutStatementsItNeedsOneAsBefore() =>
        Assert.That(
            Decide(Human(), []).Denials.Single().Finding.Message,
            Does.Contain("approvals 0 of 1").And.Contain("Signed evidence does not stand in for it")
        );

    [Test]
    public void ASignedReviewOfASeniorEngineerFillsTheQuorum() =>
        Assert.That(Decide(Always(), [s_forge.Says(Stated.Change().ReviewedBy("github:2002"))]).IsAllowed, Is.True);

    [Test]
    public void ItFillsTheQuorumOfAnAiAssistedChangeToo() =>
        Assert.That(Decide(Human(), [s_forge.Says(Stated.Change(ai: AiStatus.Assisted).ReviewedBy("github:2002"))]).IsAllowed, Is.True);

    [Test]
    public void AnAiAssistedChangeWithoutAReviewNeedsAnApproval()
    {
        var verdict = Decide(Human(), [s_forge.Says(Stated.Change(ai: AiStatus.Assisted))]);

        Assert.That(verdict.IsAllowed, Is.False);
        Assert.That(verdict.Denials.First().Finding.Message, Does.StartWith("AI-assisted change (statement)"));
    }

    [Test]
    public void ASignOfAiTightensEvenWhereAnUnknownOriginCountsAsHuman() =>
        Assert.That(
            Decide(Policy("AiAssisted", "Human"), [s_build.Says(Stated.Change(ai: AiStatus.Assisted))]).Reasons(),
            Does.Contain("ApprovalMissing")
        );

    [TestCase("github:9999")]
    [TestCase("github:1001")]
    public void AReviewByAStrangerOrAnAuthorDoesNotCount(string approver) =>
        Assert.That(Decide(Always(), [s_forge.Says(Stated.Change().ReviewedBy(approver))]).IsAllowed, Is.False);

    [Test]
    public void TheRequesterCannotReviewUnderAnotherNameOfTheirs() =>
        Assert.That(
            Decide(
                Always(),
                [s_forge.Says(Stated.Change().ReviewedBy("github:2002"))],
                by: new Requester("erin@example.com", "", [])
            ).IsAllowed,
            Is.False
        );

    [Test]
    public void AnAuthorInTheForgeCannotApproveInTheCluster()
    {
        var mine = Some.ApprovalOf(Deployment(New), new Requester("dave", "", ["senior-engineers"]));

        Assert.That(Decide(Always(), [s_forge.Says(Stated.Change())], mine: mine).IsAllowed, Is.False);
    }

    [Test]
    public void AReviewOlderThanMaxAgeDoesNotCount()
    {
        var old = Stated.Change() with { Approvals = [Stated.Review("github:2002") with { At = Some.Now.AddHours(-73) }] };

        Assert.That(Decide(Always(), [s_forge.Says(old)]).IsAllowed, Is.False);
    }

    [TestCase("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")]
    [TestCase("spec/template/spec/containers/0/command", """["sh"]""")]
    [TestCase("spec/template/spec/serviceAccountName", "\"admin\"")]
    [TestCase("spec/template/spec/volumes", """[{"name": "v", "emptyDir": {}}]""")]
    [TestCase("spec/template/metadata/annotations", """{"a": "b"}""")]
    public void StatementsSpeakForImagesAlone(string path, string json)
    {
        var verdict = Decide(Always(), [s_forge.Says(Stated.Change().ReviewedBy("github:2002"))], after: Deployment(New).With(path, json));

        Assert.That(verdict.Denials.First().Finding.Message, Does.Contain("signed reviews speak for images alone"));
    }

    [Test]
    public void AStatementAboutTheVeryTemplateSpeaksForItToo()
    {
        var after = Deployment(New).With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");
        var statement = Stated
            .Change()
            .ReviewedBy("github:2002")
            .About(Stated.Image(), StatementSubject.Of("template", StatementSubject.TemplateHash, after.Read().Template.Hash));

        Assert.That(Decide(Always(), [s_forge.Says(statement)], after: after).IsAllowed, Is.True);
    }

    [TestCase(Phase.Completed)]
    [TestCase(Phase.Running)]
    public void WhatRunsMustBeProven(Phase phase) =>
        Assert.That(Decide(Human(), [s_forge.Says(Stated.Change())], phase: phase).IsAllowed, Is.False);

    [Test]
    public void TheCommitOfWhatRunsMustBeOnRecord() =>
        Assert.That(
            Decide(Human(), [s_forge.Says(Stated.Change())], commit: null).Denials.First().Finding.Message,
            Does.Contain("is not known, so that nobody can say what changed since then")
        );

    [Test]
    public void AnUnsignedSignOfAiIsNotTakenBack() =>
        Assert.That(Decide(Human(), [s_forge.Says(Stated.Change())], after: Deployment(New).AiAssisted()).IsAllowed, Is.False);

    [Test]
    public void WhatCountedIsTheReasonOfTheAdmission() =>
        Assert.That(
            Decide(Always(), [s_forge.Says(Stated.Change().ReviewedBy("github:2002"))]).Basis.Single(),
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
            Unavailable(Policy("AiAssisted", "Human"), Some.ApprovalOf(Deployment(New), Some.Alice)).Reasons(),
            Is.EqualTo(new[] { "OriginUnavailable" })
        );
    }

    private static IEnumerable<TestCaseData> Failures()
    {
        var other = new Signer("other", KeyRole.SourceReview);
        yield return Case("StatementKey", other.Says(Stated.Change()));
        yield return Case("StatementRole", s_build.Says(Stated.Change().ReviewedBy("github:2002")));
        yield return Case(
            "StatementReplayed",
            s_forge.Says(Stated.Change(to: Stated.Commit('d')).About(Stated.Image(new string('9', 64))))
        );
        yield return Case(
            "StatementRepository",
            s_forge.Says(
                Stated.Change() with
                {
                    Source = Stated.Change().Source with { Repository = "https://github.com/acme/checkout-evil" },
                }
            )
        );
        yield return Case("StatementExpired", s_forge.Says(Stated.Change() with { ExpiresAt = Some.Now.AddMinutes(-1) }));
        yield return Case("StatementHeadOnly", s_forge.Says(Stated.Change(from: Stated.Between)));
        yield return Case(
            "StatementChain",
            s_forge.Says(Stated.Change(from: Stated.Between)),
            s_forge.Says(Stated.Change(from: Stated.Commit('e'), to: Stated.Between).About(Stated.AtCommit(Stated.Between)), "there")
        );
        yield return Case("StatementAltered", Altered(Stated.Change()));
        yield return Case(
            "StatementSubject",
            s_forge.Says(Stated.Change().About(StatementSubject.Of("file", "sha512", new string('9', 128))))
        );
        yield return Case("StatementIncomplete", s_forge.Says(Stated.Change() with { IsComplete = false }));
        yield return Case("StatementIncomplete", new FoundAttestation("here", AttestationFormat.Bundle, "{}"u8.ToArray()));
        yield return Case("StatementReview", s_forge.Says(Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:1001")));

        static FoundAttestation Altered(ChangeStatement change)
        {
            var bundle = SigstoreBundle.Parse(s_forge.Bundle(change.About(Stated.Image())));
            var payload = bundle.Envelope.Payload.ToArray();
            payload[^2] ^= 1;
            var content = (bundle with { Envelope = bundle.Envelope with { Payload = payload } }).ToJson();
            return new FoundAttestation("here", AttestationFormat.Bundle, content);
        }

        static TestCaseData Case(string reason, params FoundAttestation[] found) =>
            new TestCaseData(reason, found).SetArgDisplayNames(reason);
    }

    /// <summary>A refusal for each reason, with one statement and with two of a kind.</summary>
    internal static IEnumerable<Verdict> Refusals() =>
        Failures()
            .Select(f => f.Arguments.OfType<FoundAttestation[]>().Single())
            .SelectMany(found => (FoundAttestation[][])[found, [.. found, .. found.Select(f => f with { Place = "there" })]])
            .Select(found => Decide(Human(), found))
            .Append(Unavailable(Human()));

    [TestCaseSource(nameof(Failures))]
    public void EachFailureIsItsOwnFindingWithItsRemedy(string reason, FoundAttestation[] found)
    {
        var verdict = Decide(Human(), found);

        Assert.That(verdict.Denials.Select(d => d.Finding.Reason), Does.Contain("ApprovalMissing").And.Contain(reason));
        Assert.That(verdict.Denials.Select(d => d.Finding.Remedy), Has.All.Not.Empty);
        Assert.That(verdict.NeedsMoreThanApproval, Is.False);
    }

    private static SafeguardPolicy Human() => Policy("AiAssisted");

    private static SafeguardPolicy Always() => Policy("Always");

    private static SafeguardPolicy Policy(string required, string unknown = "AiAssisted") =>
        Some.Policy(
            $$"""
            {"approval": {"required": "{{required}}", "quorum": [{"groups": ["senior-engineers"]}]},
             "origin": {
               "unknown": "{{unknown}}",
               "keys": [{"name": "forge", "role": "SourceReview", "pem": {{Pem(
                s_forge
            )}} }, {"name": "build", "role": "Build", "pem": {{Pem(s_build)}} }],
               "sources": [{"images": ["registry.example.com/shop/web"], "repository": "{{Stated.Repository}}", "refs": ["refs/heads/main"]}],
               "registries": [{"host": "registry.example.com"}]},
             "identities": [
               {"person": "erin", "names": ["github:2002", "erin@example.com"], "groups": ["senior-engineers"]},
               {"person": "dave", "names": ["github:1001"], "groups": ["senior-engineers"]}]}
            """
        );

    private static string Pem(Signer signer) => JsonValue.Create(signer.Key.Public.Pem).ToJsonString();

    private static JsonObject Deployment(string image) => Some.Deployment(image);

    private static ClusterSnapshot Cluster(
        SafeguardPolicy policy,
        IReadOnlyList<SignedFacts> signed,
        Phase phase = Phase.Proven,
        string? commit = ""
    )
    {
        var running = Some.Change(Deployment(Running), phase);
        return new ClusterSnapshot
        {
            Policies = [policy],
            LiveHash = running.TemplateHash,
            Changes =
            [
                running with
                {
                    ProvenCommits = commit is null ? [] : [new ProvenCommit(policy.Name, Running, Stated.Repository, Stated.Running)],
                },
            ],
            SignedFacts = signed,
        };
    }

    private static Verdict Decide(
        SafeguardPolicy policy,
        FoundAttestation[] found,
        JsonObject? after = null,
        Requester? by = null,
        Phase phase = Phase.Proven,
        string? commit = "",
        Approvals.Approval? mine = null
    )
    {
        var request = Some.Update(Deployment(Running), after ?? Deployment(New), by);
        var cluster = Cluster(policy, [], phase, commit);
        var question = Stated.Question() with
        {
            Running = [new RunningImage(Running, SignedQuestions.CommitOf(Running, policy, cluster))],
            PersonOf = (policy.Approval?.Identities ?? KnownPeople.None).PersonOf,
        };
        var keys = KeySet.Of(s_forge.Trusted, s_build.Trusted);
        var proven = OriginEvaluator.Evaluate(question, AttestationVerifier.Verify(found, keys), Some.Now);
        return Some.Decide(
            request,
            cluster with
            {
                SignedFacts = [new SignedFacts(policy.Name, [new SignedImage(New, proven)])],
                Approvals = mine is null ? [] : [mine],
            }
        );
    }

    private static Verdict Unavailable(SafeguardPolicy policy, Approvals.Approval? approval = null) =>
        Some.Decide(
            Some.Update(Deployment(Running), Deployment(New)),
            Cluster(
                policy,
                [new SignedFacts(policy.Name, [new SignedImage(New, null) { Unavailable = "registry.example.com: no answer" }])]
            ) with
            {
                Approvals = approval is null ? [] : [approval],
            }
        );
}
