using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

public class PolicyEvaluatorTests
{
    private static readonly WorkloadRequest s_asked = Some.Update(
        Some.Deployment(),
        Some.Deployment("web:1").Annotated("deployguard.io/ai-tool", "claude-code")
    );

    [Test]
    public void EveryFindingOfEverySafeguardIsReportedInOneMessage()
    {
        var policy = Some.Policy(
            """
            {"images": {}, "canary": {"steps": [5]},
             "approval": {"quorum": [{"groups": ["senior-engineers"]}, {"groups": ["directors"]}]}}
            """
        );
        var verdict = Some.Decide(s_asked, new ClusterSnapshot { Policies = [policy] });

        Assert.That(
            Messages.Refusal(verdict),
            Is.EqualTo(
                $$"""
                Deployment shop/web refused by policy tier-1 (change {{verdict.Evaluated.Name}}):
                 - ImageNotPinned: image web:1 (spec.template.spec.containers[0].image) is referenced by tag: a tag can be moved after the approval. Reference it by digest: repository@sha256:...
                 - ApprovalMissing: AI-assisted change (annotation, tool claude-code); approvals 0 of 2: senior-engineers 0/1, directors 0/1. First fix ImageNotPinned: that makes another revision, and an approval counts for one revision only. Then request the new revision: the answer has the command to approve it
                 - PaceTooFast: Add this to your manifest, or run it and retry: kubectl patch deployment/web -n shop --type=merge -p '{"spec":{"minReadySeconds":60,"progressDeadlineSeconds":660,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0} } } }' (the rollout then takes about 3m; Helm needs --timeout 8m). Why: 3 of 3 pods (100%) of Deployment web would be unproven, 1 at once; step 5% allows 1. In place, policy allows 1 at once: minReadySeconds 0 is below 60
                A break-glass cannot waive ImageNotPinned. Once that is resolved, and in an emergency, the on-call engineer can waive the rest: kubectl deployguard breakglass deployment/web -n shop --waive Approval --waive Pace --incident ID --reason WHY
                """.Replace("} } } }", "}}}}")
            )
        );
    }

    [Test]
    public void AllMatchingPoliciesAreEvaluatedAndTheStrictestWins()
    {
        var warn = Some.Policy("""{"mode": "Warn", "images": {}}""", "advice");
        var verdict = Some.Decide(s_asked, new ClusterSnapshot { Policies = [warn, Some.OneSenior] });

        Assert.That(verdict.IsAllowed, Is.False);
        Assert.That(
            verdict.Findings.Select(f => (f.Policy, f.Mode)),
            Is.EqualTo(new[] { ("advice", Mode.Warn), ("tier-1", Mode.Enforce) })
        );
    }

    [Test]
    public void TheSameFindingOfTwoPoliciesIsOneLineThatNamesBoth()
    {
        var verdict = Some.Decide(s_asked, new ClusterSnapshot { Policies = [Some.OneSenior, Some.OneSenior with { Name = "pci" }] });

        Assert.That(Messages.Refusal(verdict), Does.StartWith("Deployment shop/web refused by policies tier-1, pci (change "));
        Assert.That(Messages.Refusal(verdict).Split('\n')[1], Does.StartWith(" - ApprovalMissing [tier-1, pci]: "));
    }

    [TestCase("Warn", 2)]
    [TestCase("Audit", 0)]
    public void OnlyEnforceRefuses(string mode, int warnings)
    {
        var policy = Some.Policy($$"""{"mode": "{{mode}}", "images": {} }""");
        var verdict = Some.Decide(s_asked, new ClusterSnapshot { Policies = [policy] });

        Assert.That(
            (verdict.IsAllowed, verdict.IsGated, verdict.Findings.Count, Messages.WarningLines(verdict).Count),
            Is.EqualTo((true, false, 1, warnings))
        );
    }

    [Test]
    public void ADryRunIsAnsweredWithWarningsUnlessThePolicySaysRefuse()
    {
        var dryRun = s_asked with { DryRun = true };
        var refuse = Some.Policy("""{"dryRun": "Refuse", "images": {}}""");

        var warned = Some.Decide(dryRun, new ClusterSnapshot { Policies = [Some.Policy("""{"images": {}}""")] });
        Assert.That(warned.IsAllowed, Is.True);
        Assert.That(Messages.WarningLines(warned)[0], Does.StartWith("policy tier-1: would be refused: ImageNotPinned"));
        Assert.That(Some.Decide(dryRun, new ClusterSnapshot { Policies = [refuse] }).IsAllowed, Is.False);
    }

    [Test]
    public void ADryRunLeavesNoChangeToApproveSoItNamesTheHash()
    {
        var policy = Some.OneSenior with { DryRun = DryRunAnswer.Refuse };
        var verdict = Some.Decide(s_asked with { DryRun = true }, new ClusterSnapshot { Policies = [policy] });
        var message = Messages.Refusal(verdict);

        Assert.That(message, Does.Not.Contain("(change "));
        Assert.That(
            message,
            Does.Contain($"kubectl deployguard approve deployment/web -n shop --hash {s_asked.After!.Template.Hash[3..]}")
        );
    }

    [Test]
    public void ARollbackOntoATagOnlyWarns()
    {
        var cluster = new ClusterSnapshot
        {
            Policies = [Some.Policy("""{"images": {}}""")],
            Changes = [Some.Change(Some.Deployment("web:1"), Phase.Completed)],
        };
        var verdict = Some.Decide(Some.Update(Some.Deployment(), Some.Deployment("web:1")), cluster);

        Assert.That(verdict.IsAllowed, Is.True);
        Assert.That(Messages.WarningLines(verdict)[0], Does.StartWith("policy tier-1: ImageNotPinned"));
    }

    [Test]
    public void APolicyAppliesInItsWindowOnly()
    {
        ClusterSnapshot With(string active) => new() { Policies = [Some.Policy($$"""{"images": {}, "active": {{active}} }""")] };

        Assert.That(Some.Decide(s_asked, With("""{"until": "2026-11-23T12:00:00Z"}""")).IsAllowed, Is.True);
        Assert.That(Some.Decide(s_asked, With("""{"from": "2026-11-23T12:00:00Z"}""")).IsAllowed, Is.False);
    }

    [Test]
    public void APolicyMatchesByTheLabelsBeforeOrAfter()
    {
        var policy = Some.Policy("""{"images": {}, "match": {"workloadSelector": {"matchLabels": {"app": "web"}}}}""");
        var leaving = Some.Update(Some.Deployment(), Some.Deployment("web:1").With("metadata/labels", "{}"));
        var never = Some.Update(Some.Deployment().With("metadata/labels", "{}"), Some.Deployment("web:1").With("metadata/labels", "{}"));

        Assert.That(Some.Decide(leaving, new ClusterSnapshot { Policies = [policy] }).IsAllowed, Is.False);
        Assert.That(Some.Decide(never, new ClusterSnapshot { Policies = [policy] }).IsAllowed, Is.True);
    }

    [Test]
    public void NamespacesThatAPolicyDoesNotSelectAreLeftAlone()
    {
        var policy = Some.Policy("""{"images": {}, "match": {"namespaceSelector": {"matchLabels": {"tier": "1"}}}}""");

        Assert.That(
            Some.Decide(s_asked, new ClusterSnapshot { Policies = [policy], NamespaceLabels = new Dictionary<string, string>() }).IsAllowed,
            Is.True
        );
        Assert.That(
            Some.Decide(s_asked, new ClusterSnapshot { Policies = [policy], NamespaceLabels = null }).IsAllowed,
            Is.False,
            "unknown labels match"
        );
    }

    [Test]
    public void InvalidPolicyRefusesOnlyNewRevisions()
    {
        var cluster = new ClusterSnapshot { Policies = [new SafeguardPolicy { Name = "newer", Errors = ["spec.x: unknown field"] }] };

        Assert.That(Some.Decide(s_asked, cluster).Reasons(), Is.EqualTo(new[] { "PolicyInvalid" }));
        Assert.That(Some.Decide(Some.Update(Some.Deployment(), Some.Deployment(replicas: 9)), cluster).IsAllowed, Is.True);
    }

    [Test]
    public void OnlyAGatedRequestThatDependsOnApprovalsRequiresLiveReads()
    {
        var warn = Some.OneSenior with { Mode = Mode.Warn };
        var rollback = new ClusterSnapshot { Policies = [Some.OneSenior], Changes = [Some.Change(Some.Deployment(), Phase.Completed)] };

        Assert.That(
            Some.Requires(s_asked, new ClusterSnapshot { Policies = [Some.OneSenior] }),
            Is.EqualTo(new Requirements(RequiredReads.Votes, RequiredReservations.None))
        );
        Assert.That(Some.Requires(s_asked, new ClusterSnapshot { Policies = [warn] }).IsNone);
        Assert.That(Some.Requires(s_asked, new ClusterSnapshot()).IsNone);
        Assert.That(Some.Requires(Some.Update(Some.Deployment("x"), Some.Deployment()), rollback).IsNone);
    }

    [Test]
    public void AnIncompleteEvaluationIsRefusedOnlyByEnforcePolicies()
    {
        var cluster = new ClusterSnapshot { Policies = [Some.OneSenior, Some.OneSenior with { Name = "advice", Mode = Mode.Warn }] };
        var verdict = Some.Evaluator.Incomplete(
            Some.Evaluator.Classify(s_asked, cluster, Some.Now),
            cluster,
            Some.Now,
            Reasons.EvaluationIncomplete,
            "the approvals could not be read in time"
        );

        Assert.That(
            Messages.Refusal(verdict),
            Is.EqualTo(
                "Deployment shop/web refused by policy tier-1:\n - EvaluationIncomplete: the approvals could not be read in "
                    + "time. Retry; if it persists, contact the platform team"
            )
        );
    }
}
