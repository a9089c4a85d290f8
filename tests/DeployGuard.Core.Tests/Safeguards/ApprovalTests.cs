using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

public class ApprovalTests
{
    private static readonly WorkloadRequest s_asked = Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage).AiAssisted());

    [Test]
    public void TheDifferenceFromAnApprovedTemplateIsNamed()
    {
        var approved = Some.Deployment(Some.OtherImage)
            .With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")
            .Read()
            .Template;
        var cluster = new ClusterSnapshot
        {
            Policies = [Some.OneSenior],
            OtherApproved = new ApprovedTemplate("deployment-web-1", ["alice", "carol"], RecordedTemplate.OfOrNull(approved)),
        };

        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage)), cluster).Denials.Single().Finding.Message,
            Does.EndWith(
                "senior-engineers 0/1. alice and carol approved another template (change deployment-web-1); it differs in "
                    + "spec.containers[web].env[A].name, spec.containers[web].env[A].value"
            )
        );
        Assert.That(
            Some.Decide(
                    Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage)),
                    cluster with
                    {
                        OtherApproved = cluster.OtherApproved with { Template = null },
                    }
                )
                .Denials.Single()
                .Finding.Message,
            Does.EndWith("(change deployment-web-1); its hash differs")
        );
    }

    [Test]
    public void AiAssistedChangeIsRefusedUntilItIsApproved() =>
        Assert.That(Message([]), Is.EqualTo("AI-assisted change (annotation); approvals 0 of 2: senior-engineers 0/1, directors 0/1"));

    [Test]
    public void OnlyTheLinesThatAreNotFilledAreMissing() =>
        Assert.That(
            Decide([By(Some.Alice)]).Denials.Single().Finding,
            Has.Property("Missing")
                .EqualTo("directors 0/1")
                .And.Property("Message")
                .Contain("approvals 1 of 2: senior-engineers 1/1, directors 0/1")
        );

    [Test]
    public void ChangePassesWithAQuorum() => Assert.That(Message([By(Some.Alice), By(Some.Bob)]), Is.Null);

    [Test]
    public void OnePersonFillsOneSeat() => Assert.That(Message([By(Some.Carol)]), Does.Contain("approvals 1 of 2"));

    [Test]
    public void AQuorumThatCanBeFilledIsNeverMissed()
    {
        Assert.That(Message([By(Some.Carol), By(Some.Alice)]), Is.Null);
        Assert.That(Message([By(Some.Carol), By(Some.Bob)]), Is.Null);
    }

    [Test]
    public void ApprovingTwiceIsStillOnePerson() =>
        Assert.That(Message([By(Some.Carol), By(Some.Carol) with { Name = "again" }]), Does.Contain("approvals 1 of 2"));

    [Test]
    public void TheRequesterCannotApprove() =>
        Assert.That(Message([By(Some.Alice), By(Some.Bob)], s_asked with { Requester = Some.Alice }), Does.Contain("senior-engineers 0/1"));

    [Test]
    public void NoEarlierRequesterCanApprove()
    {
        var recorded = Some.Change(Some.Deployment(Some.OtherImage), Phase.Pending) with { Requesters = ["alice"] };

        Assert.That(Message([By(Some.Alice), By(Some.Bob)], recorded: recorded), Does.Contain("senior-engineers 0/1"));
    }

    [Test]
    public void ANamedAuthorCannotApprove()
    {
        var request = Some.Update(
            Some.Deployment(),
            Some.Deployment(Some.OtherImage).AiAssisted().Annotated("deployguard.io/authors", "zoe, Alice")
        );

        Assert.That(Message([By(Some.Alice), By(Some.Bob)], request), Does.Contain("senior-engineers 0/1"));
    }

    [Test]
    public void AMachineCannotApprove() =>
        Assert.That(Message([By(Some.Machine with { Groups = ["senior-engineers", "directors"] })]), Does.Contain("approvals 0 of 2"));

    [Test]
    public void AnApprovalOfAnotherTemplateDoesNotCount() =>
        Assert.That(
            Message([By(Some.Alice) with { TemplateHash = "v1:" + new string('0', 64) }, By(Some.Bob)]),
            Does.Contain("approvals 1 of 2")
        );

    [TestCase("Namespace")]
    [TestCase("Name")]
    [TestCase("Kind")]
    public void AnApprovalOfAnotherWorkloadDoesNotCount(string what)
    {
        var web = s_asked.Target;
        var other = what switch
        {
            "Namespace" => web with { Namespace = "x" },
            "Name" => web with { Name = "x" },
            _ => web with { Kind = "StatefulSet" },
        };

        Assert.That(Message([By(Some.Alice) with { Workload = other }, By(Some.Bob)]), Does.Contain("approvals 1 of 2"));
    }

    [Test]
    public void AnApprovalExpiresWithThePolicysMaxAge()
    {
        Assert.That(Message([By(Some.Alice) with { CreatedAt = Some.Now.AddHours(-72) }, By(Some.Bob)]), Does.Contain("approvals 1 of 2"));
        Assert.That(Message([By(Some.Alice) with { CreatedAt = Some.Now.AddHours(-72).AddSeconds(1) }, By(Some.Bob)]), Is.Null);
    }

    [Test]
    public void AnApprovalExpiresAtTheApproversTime() =>
        Assert.That(Message([By(Some.Alice) with { ExpiresAt = Some.Now }, By(Some.Bob)]), Does.Contain("approvals 1 of 2"));

    [Test]
    public void VetoRefusesDespiteAQuorum()
    {
        var verdict = Decide([By(Some.Alice), By(Some.Bob), By(Some.Carol) with { Decision = Decision.Reject, Reason = "wrong prices" }]);

        Assert.That(verdict.Denials.Single().Finding.Message, Is.EqualTo("carol rejected it: wrong prices"));
    }

    [Test]
    public void AVetoOfAPersonWithoutASeatDoesNotCount() =>
        Assert.That(Message([By(Some.Alice), By(Some.Bob), By(Some.Developer) with { Decision = Decision.Reject }]), Is.Null);

    [Test]
    public void AListedMonitorMayReject()
    {
        var policy = Some.Policy(
            $$"""{"approval": {"monitors": ["{{Some.Machine.Username}}"], "quorum": [{"groups": ["senior-engineers"]}]} }"""
        );
        var cluster = new ClusterSnapshot
        {
            Policies = [policy],
            Approvals = [By(Some.Alice), By(Some.Machine) with { Decision = Decision.Reject }],
        };

        Assert.That(Some.Decide(s_asked, cluster).Reasons(), Is.EqualTo(new[] { "ApprovalRejected" }));
    }

    [Test]
    public void AListedBotCannotApprove()
    {
        var policy = Some.Policy("""{"approval": {"bots": ["alice"], "quorum": [{"groups": ["senior-engineers"]}]}}""");

        Assert.That(
            Some.Decide(s_asked, new ClusterSnapshot { Policies = [policy], Approvals = [By(Some.Alice)] }).Reasons(),
            Is.EqualTo(new[] { "ApprovalMissing" })
        );
    }

    [Test]
    public void AMachinesRequestNeedsTwoPeople()
    {
        var request = s_asked with { Requester = Some.Machine };
        var cluster = new ClusterSnapshot { Policies = [Some.OneSenior], Approvals = [By(Some.Alice)] };

        Assert.That(
            Some.Decide(request, cluster).Denials.Single().Finding.Message,
            Does.EndWith(
                "approvals 1 of 2: senior-engineers 1/2 (another approver is missing: two people must approve, because a machine is the requester)"
            )
        );
        Assert.That(Some.Decide(request, cluster with { Approvals = [By(Some.Alice), By(Some.Carol)] }).IsAllowed, Is.True);
    }

    [Test]
    public void AListedBotCountsAsAMachine()
    {
        var policy = Some.Policy("""{"approval": {"bots": ["argocd"], "quorum": [{"groups": ["senior-engineers"]}]}}""");
        var bot = s_asked with { Requester = new Requester("argocd", "", ["system:authenticated"]) };

        Assert.That(
            Some.Decide(bot, new ClusterSnapshot { Policies = [policy], Approvals = [By(Some.Alice)] }).Denials.Single().Finding.Message,
            Does.Contain("approvals 1 of 2")
        );
        Assert.That(
            Some.Decide(bot, new ClusterSnapshot { Policies = [policy], Approvals = [By(Some.Alice), By(Some.Carol)] }).IsAllowed,
            Is.True
        );
    }

    [Test]
    public void BestEffortAcceptsOneApproverForAMachine()
    {
        var policy = Some.Policy("""{"approval": {"separation": "BestEffort", "quorum": [{"groups": ["senior-engineers"]}]}}""");
        var cluster = new ClusterSnapshot { Policies = [policy], Approvals = [By(Some.Alice)] };

        Assert.That(Some.Decide(s_asked with { Requester = Some.Machine }, cluster).IsAllowed, Is.True);
    }

    [TestCase("{}", false)]
    [TestCase("""{"origin": {"unknown": "Human"}}""", true)]
    public void UnknownOriginCountsAsThePolicySays(string origin, bool allowed)
    {
        var spec = """{"approval": {"quorum": [{"groups": ["senior-engineers"]}]}""" + (origin == "{}" ? "}" : "," + origin[1..]);
        var request = Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage));

        Assert.That(Some.Decide(request, new ClusterSnapshot { Policies = [Some.Policy(spec)] }).IsAllowed, Is.EqualTo(allowed));
    }

    [Test]
    public void AnnotationThatDeniesAiRelaxesNothing()
    {
        var verdict = Some.Decide(
            Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage).AiAssisted("false")),
            new ClusterSnapshot { Policies = [Some.OneSenior] }
        );

        Assert.That(verdict.Evaluated.Origin.Kind, Is.EqualTo(OriginKind.Unknown));
        Assert.That(verdict.IsAllowed, Is.False);
    }

    [Test]
    public void RemovingTheAnnotationDoesNotChangeTheOrigin()
    {
        var human = Some.Policy("""{"origin": {"unknown": "Human"}, "approval": {"quorum": [{"groups": ["senior-engineers"]}]}}""");
        var recorded = Some.Change(Some.Deployment(Some.OtherImage), Phase.Pending) with
        {
            Evidence = [new Evidence("annotation", "deployguard.io/ai-assisted", "true")],
        };
        var request = Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage));

        Assert.That(Some.Decide(request, new ClusterSnapshot { Policies = [human], Changes = [recorded] }).IsAllowed, Is.False);
        Assert.That(Some.Decide(request, new ClusterSnapshot { Policies = [human] }).IsAllowed, Is.True);
    }

    [Test]
    public void ARollbackNeedsNoApprovalEvenWithAVeto()
    {
        var v1 = Some.Deployment();
        var cluster = new ClusterSnapshot
        {
            Policies = [Some.TwoLines],
            Changes = [Some.Change(v1, Phase.Completed)],
            Approvals = [Some.ApprovalOf(v1, Some.Alice, Decision.Reject)],
        };

        Assert.That(Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), v1), cluster).Findings, Is.Empty);
    }

    private static Approval By(Requester who) => Some.ApprovalOf(Some.Deployment(Some.OtherImage), who);

    private static Verdict Decide(IReadOnlyList<Approval> approvals, WorkloadRequest? request = null, Change? recorded = null) =>
        Some.Decide(
            request ?? s_asked,
            new ClusterSnapshot
            {
                Policies = [Some.TwoLines],
                Approvals = approvals,
                Changes = recorded is null ? [] : [recorded],
            }
        );

    private static string? Message(IReadOnlyList<Approval> approvals, WorkloadRequest? request = null, Change? recorded = null) =>
        Decide(approvals, request, recorded).Denials.SingleOrDefault()?.Finding.Message;
}
