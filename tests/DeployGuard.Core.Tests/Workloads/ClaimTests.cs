using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Claims of other requesters and of machines raise no one else's quorum and exclude none of their approvers.</summary>
public class ClaimTests
{
    private const string Authors = "deployguard.io/authors";
    private const string AiAssisted = "deployguard.io/ai-assisted";

    private static readonly JsonObject s_v2 = Some.Deployment(Some.OtherImage);

    private static readonly Approval s_alicesYes = Some.ApprovalOf(s_v2, Some.Alice);

    private static readonly SafeguardPolicy s_unknownIsHuman = Some.Policy(
        """{"origin": {"unknown": "Human"}, "approval": {"quorum": [{"groups": ["senior-engineers"]}]}}"""
    );

    [Test]
    public void MachineThatRequestedTheSameRevisionDoesNotRaiseThePersonsQuorumInAnyOrder([Values] bool first)
    {
        const string Rollback = "system:serviceaccount:kube-system:deployment-controller";
        var cluster = View(Recorded(first ? [Rollback, Some.Developer.Username] : [Some.Developer.Username, Rollback]));

        Assert.That(Some.Decide(Some.Update(Some.Deployment(), s_v2), cluster).IsAllowed, Is.True);
        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(), s_v2, Some.Machine), cluster).Denials.Single().Finding.Message,
            Does.Contain("approvals 1 of 2"),
            "a machine as the requester needs two"
        );
    }

    [Test]
    public void RequesterThroughAMachineStaysExcludedAsApprover()
    {
        var cluster = View(Recorded([Some.Machine.Username, Some.Alice.Username]));

        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(), s_v2), cluster).Denials.Single().Finding.Message,
            Does.Contain("alice (requester or named author)")
        );
    }

    [Test]
    public void AuthorsCountForTheirRequesterAndForAllIfTheFirstRequesterNamesThem()
    {
        var named = Claim(Authors, "alice", "mallory");
        Change mallorySecond = Recorded(["dana", "mallory"], named),
            malloryFirst = Recorded(["mallory", "dana"], named);
        bool Allows(Change recorded, string who) =>
            Some.Decide(Some.Update(Some.Deployment(), s_v2, new Requester(who, "", [])), View(recorded)).IsAllowed;

        Assert.Multiple(() =>
        {
            Assert.That(Allows(mallorySecond, "dana"), Is.True, "it was dana's before mallory claimed it");
            Assert.That(Allows(mallorySecond, "mallory"), Is.False, "their own claim counts");
            Assert.That(Allows(malloryFirst, "dana"), Is.False, "a request for another requester's image takes over their claim");
            Assert.That(
                Allows(Recorded(["dana"], named with { By = null }), "dana"),
                Is.False,
                "an older version did not record the claimant"
            );
        });
    }

    [Test]
    public void AClaimCannotWriteLinesIntoTheRecordAndStillNamesItsAuthors()
    {
        var annotated = Some.Deployment(Some.OtherImage)
            .Annotated(Authors, "alice,\n  bob, carol\u202e\n")
            .Annotated("deployguard.io/ai-tool", "x\n  Approvals:\u001b[2J\u202e");
        var cluster = new ClusterSnapshot
        {
            Policies = [Some.OneSenior],
            Approvals = [Some.ApprovalOf(annotated, Some.Alice), Some.ApprovalOf(annotated, Some.Carol with { Username = "carol\u202e" })],
        };

        var verdict = Some.Decide(Some.Update(Some.Deployment(), annotated), cluster);

        Assert.That(
            verdict.Evaluated.Origin.Evidence.Select(e => e.Value),
            Is.EquivalentTo(new[] { "alice, bob, carol<U+202E>", "x<LF>  Approvals:<ESC>[2J<U+202E>" })
        );
        Assert.That(verdict.Evaluated.Origin.Authors, Is.EqualTo(new[] { "alice", "bob", "carol<U+202E>" }));
        Assert.That(
            verdict.Denials.Single().Finding.Message,
            Does.Contain("tool x<LF>  Approvals:<ESC>[2J<U+202E>").And.Contain("alice (requester or named author)"),
            "none of them approves their own change"
        );
    }

    [Test]
    public void ApproverNamedAsAuthorByALaterRequesterMayApprove()
    {
        NewApproval Vote(params string[] requesters) =>
            new(
                s_alicesYes,
                Some.Alice,
                Recorded(requesters, Claim(Authors, "alice", "mallory")),
                [Some.OneSenior],
                new ReviewRight(false, "deployguard-approver")
            );

        Assert.That(Vote("dana", "mallory").Refuse(WorkloadKinds.BuiltIn, Some.Now), Is.Null);
        Assert.That(Vote("mallory", "dana").Refuse(WorkloadKinds.BuiltIn, Some.Now)?.Message, Does.Contain("alice is named as an author"));
    }

    [Test]
    public void ClaimsOfOthersOnTheLiveObjectCountWhileTheyRemainAndAreNotRemembered()
    {
        var annotated = Some.Deployment().Annotated(AiAssisted, "true");
        var carrying = Some.Decide(
            Some.Update(annotated, Some.Deployment(Some.OtherImage).Annotated(AiAssisted, "true")),
            new ClusterSnapshot { Policies = [s_unknownIsHuman] }
        );
        Assert.That(carrying.IsAllowed, Is.False);
        Assert.That(carrying.Evaluated.Origin.Evidence.Single(), Is.EqualTo(Claim(AiAssisted, "true", "dana") with { IsCarried = true }));

        var recorded = Recorded(["dana"], [.. carrying.Evaluated.Origin.Evidence]);
        Assert.That(
            Some.Decide(
                Some.Update(annotated, s_v2),
                new ClusterSnapshot { Policies = [s_unknownIsHuman], Changes = [recorded] }
            ).IsAllowed,
            Is.True
        );
    }

    [Test]
    public void ClaimCarriedOverFromAnEarlierRevisionCountsAsTheRequestersOwn()
    {
        var v1 = Some.Change(Some.Deployment(), Phase.Completed) with
        {
            Requesters = ["erin"],
            Evidence = [Claim(AiAssisted, "true", "erin")],
        };
        var carried = Some.Decide(
            Some.Update(Some.Deployment().Annotated(AiAssisted, "true"), Some.Deployment(Some.OtherImage).Annotated(AiAssisted, "true")),
            new ClusterSnapshot { Policies = [s_unknownIsHuman], Changes = [v1] }
        );

        Assert.That(
            carried.Evaluated.Origin.Evidence.Single(),
            Is.EqualTo(Claim(AiAssisted, "true", "dana")),
            "taking it away does not take it back"
        );
    }

    [Test]
    public void AnnotationsCopiedByKubectlUndoAreMarkedAsCarried()
    {
        var cluster = new ClusterSnapshot
        {
            Policies = [s_unknownIsHuman],
            History = [new OwnedRevision("web-2", s_v2.Read().Template.Hash) { Claims = [(Authors, "alice")] }],
            Changes = [Some.Change(Some.Deployment(), Phase.Completed)],
        };
        var undone = Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage).Annotated(Authors, "alice"));

        Assert.That(Some.Decide(undone, cluster).Evaluated.Origin.Evidence, Has.Count.EqualTo(1).And.All.Property("IsCarried").True);
    }

    [Test]
    public void WithImageApprovalOnlyTheFirstRequesterOfAnImageNamesAuthorsForOthers([Values] bool malloryFirst)
    {
        var policy = Some.Policy(
            """{"images": {"pin": "Digest"}, "approval": {"covers": "Images", "quorum": [{"groups": ["senior-engineers"]}]}}"""
        );
        var danas = Recorded(["dana"]) with { FirstRequestedAt = Some.Now.AddMinutes(-5) };
        var other = Some.Change(Some.Deployment(Some.OtherImage).With("spec/template/spec/hostname", "\"x\""), Phase.Pending) with
        {
            Requesters = ["mallory"],
            Evidence = [Claim(Authors, "alice", "mallory")],
            FirstRequestedAt = Some.Now.AddMinutes(malloryFirst ? -9 : -1),
        };
        var cluster = new ClusterSnapshot
        {
            Policies = [policy],
            Changes = [danas, other],
            Approvals = [s_alicesYes with { Images = s_v2.Read().Template.ImageNames }],
        };

        Assert.That(Some.Decide(Some.Update(Some.Deployment(), s_v2), cluster).IsAllowed, Is.EqualTo(!malloryFirst));
    }

    private static ClusterSnapshot View(Change recorded) =>
        new()
        {
            Policies = [Some.OneSenior],
            Changes = [recorded],
            Approvals = [s_alicesYes],
        };

    private static Change Recorded(string[] requesters, params Evidence[] evidence) =>
        Some.Change(s_v2, Phase.Pending) with
        {
            Requesters = requesters,
            Evidence = evidence,
        };

    private static Evidence Claim(string key, string value, string by) => new("annotation", key, value) { By = by };
}
