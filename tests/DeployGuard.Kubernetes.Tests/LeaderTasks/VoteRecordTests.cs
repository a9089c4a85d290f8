using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.LeaderTasks;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What a Change is to say of its votes.</summary>
public class VoteRecordTests
{
    private const string Runs = "v2:runs";

    private static readonly DateTimeOffset s_now = new(2026, 11, 28, 10, 1, 0, TimeSpan.Zero);
    private static readonly OpenRequirements s_nothing = new(["alice"], [], [], []) { MayRetry = ["dana"] };

    private static readonly Approval s_vote = new()
    {
        Name = "web-1",
        Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
        Decision = Decision.Approve,
        Approver = new Requester("alice", "", []),
        CreatedAt = s_now.AddSeconds(-2),
    };

    private static readonly RecordedVote s_recorded = new("web-1", s_vote.CreatedAt, ["tier-1: seniors"], null, false);

    private static readonly Change s_pending = new()
    {
        Name = "c",
        Workload = s_vote.Workload,
        TemplateHash = "v2:0",
        Phase = Phase.Pending,
        Missing = "seniors 0/1",
    };

    [Test]
    public void ANewVoteIsWrittenWithWhatItCountsFor()
    {
        var record = Of(s_pending, [s_vote]);

        var status = JsonNode.Parse("""{"phase": "Pending"}""")!.AsObject();
        Assert.That(record.WriteTo(status, [], s_now));
        Assert.That((string?)status["approvals"]?[0]?["counts"]?[0], Is.EqualTo("tier-1: seniors"));
        Assert.That((string?)status["missing"], Is.EqualTo("nothing: retry by dana"));
        Assert.That((string?)status["conditions"]?[0]?["status"], Is.EqualTo("True"));
    }

    [Test]
    public void WhatIsOnRecordIsNotWrittenAgain()
    {
        var known = s_pending with { Missing = "nothing: retry by dana", IsApproved = true, Votes = [s_recorded], RunsNow = Runs };

        Assert.That(Of(known, [s_vote]).Writes([]), Is.Empty);
        Assert.That(Of(known with { IsApproved = false }, [s_vote]).Writes([]), Is.Not.Empty, "another condition");
        Assert.That(Of(known with { Votes = [s_recorded with { Counts = ["tier-1: expired"] }] }, [s_vote]).Writes([]), Is.Not.Empty);
    }

    [TestCase(-1, true)]
    [TestCase(1, false)]
    public void WhatAnExpiredVoteCountedForStaysOnRecord(int seconds, bool keeps)
    {
        var known = s_pending with { Votes = [s_recorded with { Counts = ["tier-1: counted"] }] };

        var record = Of(known, [s_vote with { ExpiresAt = s_now.AddSeconds(seconds) }]);

        Assert.That(record.Differing, keeps ? Is.Empty : Has.Count.EqualTo(1));
    }

    [Test]
    public void ARecordedVoteThatIsNotKnownIsAbsentUntilItIsRead()
    {
        var record = Of(s_pending with { Votes = [s_recorded] }, []);

        Assert.That(record.Absent, Is.EqualTo(new[] { s_recorded }));
        Assert.That(Of(s_pending with { Votes = [s_recorded with { WithdrawnAt = s_now }] }, []).Absent, Is.Empty, "known to be withdrawn");
    }

    [TestCase(10, false)]
    [TestCase(31, true)]
    public void AVoteThatWasToBeDeletedAndStaysIsRecordedAgain(int secondsAgo, bool expected)
    {
        var withdrawn = s_pending with { Votes = [s_recorded with { WithdrawnAt = s_now.AddSeconds(-secondsAgo) }] };

        Assert.That(Of(withdrawn, [s_vote]).Differing, Has.Count.EqualTo(expected ? 1 : 0));
    }

    [Test]
    public void AChangeThatAnotherRequestMovedIsLeftToTheNextRound()
    {
        var status = JsonNode.Parse("""{"phase": "Admitted"}""")!.AsObject();

        Assert.That(Of(s_pending, [s_vote]).WriteTo(status, [], s_now), Is.False);
        Assert.That(status.ToJsonString(), Is.EqualTo("""{"phase":"Admitted"}"""));
    }

    [TestCase(Phase.Running, false, "")]
    [TestCase(Phase.Running, true, "break-glass review")]
    [TestCase(Phase.Expired, false, "")]
    [TestCase(Phase.Rejected, false, "nothing: retry by dana")]
    public void MissingSaysWhatSomebodyCanDo(Phase phase, bool isUnreviewed, string expected)
    {
        var change = s_pending with
        {
            Phase = phase,
            Missing = "",
            BreakGlassUses = isUnreviewed ? [new BreakGlassUse("g", "oscar", s_now, null)] : [],
        };

        Assert.That(Of(change, []).Missing, Is.EqualTo(expected));
    }

    [TestCase(true, false, true, Description = "a new veto")]
    [TestCase(false, true, false, Description = "a known veto")]
    public void AVetoOfAnAdmittedRevisionIsWrittenOnce(bool isTrue, bool showsVeto, bool expected)
    {
        var proven = s_pending with
        {
            Phase = Phase.Proven,
            Missing = "",
            IsApproved = isTrue,
            IsAdmissible = isTrue,
            ShowsVeto = showsVeto,
        };
        var veto = s_vote with { Decision = Decision.Reject };

        Assert.That(VoteRecord.Of(proven, [], _ => [], s_nothing, Runs, s_now, veto).Writes([]).Length > 0, Is.EqualTo(expected));
        Assert.That(
            VoteRecord.Of(proven, [], _ => [], s_nothing, Runs, s_now).Writes([]).Length > 0,
            Is.EqualTo(showsVeto),
            "without a veto"
        );
    }

    [Test]
    public void AReviewThatIsGoneIsMissing()
    {
        var review = s_recorded with { By = "alice", Decision = Decision.Approve };
        var proven = s_pending with
        {
            Phase = Phase.Proven,
            Missing = "",
            Votes = [review],
            BreakGlassUses = [new BreakGlassUse("g", "oscar", s_now.AddHours(-1), "alice")],
        };

        Assert.That(Of(proven, []).Missing, Is.Empty);
        Assert.That(Of(proven, []).Without([review], s_now).Missing, Is.EqualTo("break-glass review"));
    }

    /// <summary>An approver must not be shown a comparison with what no longer runs.</summary>
    [Test]
    public void AWorkloadThatRunsAnotherRevisionIsRecordedOnce()
    {
        var moved = s_pending with { Missing = "nothing: retry by dana", IsApproved = true, RunsNow = "v2:other" };
        var status = JsonNode.Parse("""{"phase": "Pending"}""")!.AsObject();

        Assert.That(Of(moved, []).Writes([]), Is.Not.Empty);
        Assert.That(Of(moved, []).WriteTo(status, [], s_now), Is.True);
        Assert.That((string?)status["runsNow"], Is.EqualTo(Runs));
        Assert.That(Of(moved with { RunsNow = Runs }, []).Writes([]), Is.Empty);
    }

    /// <summary>The age that the policy sets ends a vote as well as its own expiry: for what it counted stays on record, once.</summary>
    [Test]
    public void AVoteThatIsTooOldKeepsWhatItCountedFor()
    {
        IReadOnlyList<string> Recorded(Change change) =>
            VoteRecord
                .Of(change, [s_vote], _ => ["tier-1: not counted (expired)", "other: b"], s_nothing, Runs, s_now)
                .Differing.SingleOrDefault()
                .Counts
            ?? [];
        var counted = s_pending with { Votes = [s_recorded with { Counts = ["tier-1: seniors", "other: a"] }] };

        var ended = Recorded(counted);

        Assert.That(ended, Is.EqualTo(new[] { "tier-1: not counted (expired; counted for seniors)", "other: b" }));
        Assert.That(Recorded(counted with { Votes = [s_recorded with { Counts = ended }] }), Is.Empty, "nothing more is written");
        Assert.That(ended.Select(PolicyTally.SaysThatItCounts), Is.EqualTo(new[] { false, true }));
    }

    [TestCase("tier-1: not counted (expired; counted for seniors)", false)]
    [TestCase("tier-1: not counted (expired)", false)]
    [TestCase("tier-1: not counted (expired) | other: not counted (in none of the groups)", false)]
    [TestCase("tier-1: not counted (expired) | other: a", true)]
    [TestCase("tier-1: seniors", true)]
    public void AVoteThatWasTooOldCannotBeTakenBack(string counts, bool expected) =>
        Assert.That((s_recorded with { Counts = counts.Split(" | "), WithdrawnAt = s_now }).WasTakenBack, Is.EqualTo(expected));

    /// <summary>It was cast before the use that awaits a review, and so is none; but no approval is one while it stands.</summary>
    [Test]
    public void AStandingRejectionIsNamedWhereAReviewIsMissing()
    {
        var used = s_pending with
        {
            Phase = Phase.Completed,
            HasAdmittedCondition = true,
            TemplateHash = Runs,
            BreakGlassUses = [new BreakGlassUse("g", "olga", s_now, null)],
        };
        var veto = s_vote with { Decision = Decision.Reject };

        var record = VoteRecord.Of(used, [veto], _ => ["tier-1: a veto"], s_nothing, Runs, s_now, veto);

        Assert.That(record.Missing, Is.EqualTo("break-glass review: rejected by alice, still running"));
    }

    private static VoteRecord Of(Change change, IReadOnlyList<Approval> votes) =>
        VoteRecord.Of(change, votes, _ => ["tier-1: seniors"], s_nothing, Runs, s_now);
}
