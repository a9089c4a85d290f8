using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The votes in the status of a Change: complete, bounded, and not to be forged.</summary>
public class VoteStatusTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 28, 10, 0, 0, TimeSpan.Zero);

    private static readonly Approval s_alice = new()
    {
        Name = "web-1",
        Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
        TemplateHash = "v2:1",
        Decision = Decision.Approve,
        Approver = new Requester("alice", "", []),
        CreatedAt = s_now,
    };

    [Test]
    public void TheNameOfADeletedVoteIsAnotherVote()
    {
        JsonObject status = [];
        VoteStatus.Record(status, s_alice, ["tier-1: seniors"]);
        VoteStatus.Withdraw(status, s_alice.Name, "", s_alice.CreatedAt, "alice", s_now.AddMinutes(1));

        var carol = s_alice with { Approver = new Requester("carol", "", []), Decision = Decision.Reject, CreatedAt = s_now.AddMinutes(2) };
        VoteStatus.Record(status, carol, ["tier-1: a veto"]);

        Assert.That(
            status["approvals"]?.AsArray().Select(v => $"{v?["approver"]} {v?["decision"]} {v?["withdrawnBy"]}"),
            Is.EqualTo(new[] { "alice Approve alice", "carol Reject " })
        );
    }

    [Test]
    public void TheNameOfADeletedVoteIsAnotherVoteWithinTheSameSecond()
    {
        JsonObject status = [];
        var carol = s_alice with { Uid = "1", Approver = new Requester("carol", "", []), Decision = Decision.Reject };
        VoteStatus.Record(status, carol, ["tier-1: a veto"]);
        VoteStatus.Record(status, s_alice with { Uid = "2" }, ["tier-1: seniors"]);
        VoteStatus.Withdraw(status, carol.Name, "1", carol.CreatedAt, "carol", s_now.AddMinutes(1));

        Assert.That(
            status["approvals"]?.AsArray().Select(v => $"{v?["approver"]} {v?["decision"]} {v?["uid"]} {v?["withdrawnBy"]}"),
            Is.EqualTo(new[] { "carol Reject 1 carol", "alice Approve 2 " })
        );
    }

    [Test]
    public void ARecordOfAnOlderVersionGetsTheUidOfItsVote()
    {
        JsonObject status = [];
        VoteStatus.Record(status, s_alice, []);
        VoteStatus.Record(status, s_alice with { Uid = "1" }, []);

        Assert.That(status["approvals"]?.AsArray().Select(v => (string?)v?["uid"]), Is.EqualTo(new[] { "1" }));
    }

    [Test]
    public void NothingIsTrueBesideAVetoAndAsBeforeAfterwards()
    {
        JsonObject status = [];
        VoteStatus.SetOpen(status, new OpenRequirements(["alice"], [], [], []), s_now);

        VoteStatus.SetVetoed(status, new Rejection("bob", "it leaks"), s_now);
        Assert.That(Conditions(status), Is.EqualTo("Approved=False Admissible=False"));
        Assert.That((string?)status["conditions"]?[0]?["message"], Is.EqualTo("bob rejected it: it leaks"));

        VoteStatus.LiftVeto(status, s_now);
        Assert.That(Conditions(status), Is.EqualTo("Approved=True Admissible=True"));
    }

    [Test]
    public void AWithdrawalIsRecordedOnceAndItsUserAddedLater()
    {
        JsonObject status = [];
        VoteStatus.Record(status, s_alice, []);

        Assert.That(VoteStatus.Withdraw(status, "web-1", "", s_now, null, s_now.AddMinutes(1)));
        Assert.That(VoteStatus.Withdraw(status, "web-1", "", s_now, null, s_now.AddMinutes(2)), Is.False);
        Assert.That(VoteStatus.Withdraw(status, "web-1", "", s_now, "carol", s_now.AddMinutes(3)));
        Assert.That(
            ((string?)status["approvals"]?[0]?["withdrawnAt"], (string?)status["approvals"]?[0]?["withdrawnBy"]),
            Is.EqualTo(("2026-11-28T10:01:00Z", "carol"))
        );
    }

    [Test]
    public void AReasonIsCutAndCannotRedrawATerminal()
    {
        JsonObject status = [];
        VoteStatus.Record(status, s_alice with { Reason = $"ok\n\u001b[2J{new string('x', 2000)}" }, []);

        var reason = (string?)status["approvals"]?[0]?["reason"];
        Assert.That(reason, Does.StartWith("ok<LF><ESC>[2Jxxx").And.EndsWith("..."));
        Assert.That(reason, Has.Length.LessThan(300));
    }

    [Test]
    public void AnEndedChangeIsNeitherApprovedNorAdmissible()
    {
        JsonObject status = [];
        VoteStatus.SetOpen(status, new OpenRequirements(["alice"], [], [], []), s_now);
        Assert.That(Conditions(status), Is.EqualTo("Approved=True Admissible=True"));

        VoteStatus.SetEnded(status, new Transition(Phase.Withdrawn, "WithdrawnByRequester", "dana withdrew the request"), s_now);

        Assert.That(Conditions(status), Is.EqualTo("Approved=False Admissible=False"));
    }

    [Test]
    public void AReviewKeepsAnEarlierApprovalOnRecord()
    {
        JsonObject status = [];
        VoteStatus.SetOpen(status, new OpenRequirements(["alice"], [], [], []), s_now);

        VoteStatus.SetReviewed(status, "carol", s_now.AddMinutes(1));

        Assert.That((string?)status["conditions"]?[0]?["message"], Is.EqualTo("approved by alice"));
    }

    private static string Conditions(JsonObject status) =>
        string.Join(' ', status["conditions"]?.AsArray().Select(c => $"{c?["type"]}={c?["status"]}") ?? []);
}
