using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A review of a break-glass can be taken back, and the record keeps both.</summary>
public class ReviewsTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 28, 10, 0, 0, TimeSpan.Zero);

    private static readonly Approval s_alice = new()
    {
        Name = "web-1",
        Uid = "v1",
        Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
        TemplateHash = "v2:1",
        Decision = Decision.Approve,
        Approver = new Requester("alice", "", []),
        CreatedAt = s_now,
    };

    [Test]
    public void AWithdrawnReviewOpensItAgain()
    {
        var status = Reviewed();

        Assert.That(VoteStatus.Withdraw(status, "web-1", "v1", s_now, "alice", s_now.AddMinutes(1)));

        Assert.That(
            status["breakGlass"]?[0]?.ToJsonString(),
            Is.EqualTo(
                """{"name":"g","by":"oscar","at":"2026-11-28T09:00:00Z","formerReviews":[{"endedAt":"2026-11-28T10:01:00Z","cause":"ReviewWithdrawn","by":"alice","decision":"Approve","at":"2026-11-28T10:00:00Z","endedBy":"alice"}]}"""
            )
        );
        Assert.That(ApprovedOf(status), Is.EqualTo("False ReviewWithdrawn"));
        Assert.That((string?)status["missing"], Is.EqualTo("break-glass review"));
        Assert.That(Read(status).IsUnreviewed);
    }

    [Test]
    public void AWithdrawalThatIsRecordedIsReadAtOnce()
    {
        // As an older version wrote it.
        var status = Reviewed();
        status["approvals"]![0]!["withdrawnAt"] = "2026-11-28T10:01:00Z";

        Assert.That(Read(status).IsUnreviewed);
    }

    [Test]
    public void AVoteThatExpiredWasAReviewAndStaysOne()
    {
        var status = Reviewed();
        VoteStatus.Expire(status, s_alice);

        Assert.That(VoteStatus.Withdraw(status, "web-1", "v1", s_now, null, s_now.AddMinutes(1)), Is.False);
        Assert.That((Read(status).IsUnreviewed, ApprovedOf(status)), Is.EqualTo((false, "True Reviewed")));
    }

    [Test]
    public void AVetoOpensItAgain()
    {
        var status = Reviewed();

        Reviews.Reject(status, new Rejection("bob", "it leaks"), s_now.AddMinutes(1));

        Assert.That((Read(status).IsUnreviewed, ApprovedOf(status)), Is.EqualTo((true, "False ReviewRejected")));
        Assert.That((string?)status["breakGlass"]?[0]?["formerReviews"]?[0]?["endedBy"], Is.EqualTo("bob"));
        VoteStatus.LiftVeto(status, s_now.AddMinutes(2));
        Assert.That(ApprovedOf(status), Is.EqualTo("False ReviewRejected"), "the review is missing still");
    }

    [Test]
    public void AfterAVetoOrAWithdrawalItCanBeReviewedAgain()
    {
        var status = Reviewed();
        VoteStatus.Withdraw(status, "web-1", "v1", s_now, "alice", s_now.AddMinutes(1));

        Assert.That(Reviews.Record(status, s_alice, s_now.AddMinutes(2)), Is.False, "a cache still has it");
        Assert.That(Reviews.Record(status, s_alice with { Uid = "v2" }, s_now.AddMinutes(2)));

        Assert.That((Read(status).IsUnreviewed, ApprovedOf(status)), Is.EqualTo((false, "True Reviewed")));
        Assert.That(status["breakGlass"]?[0]?["formerReviews"]?.AsArray(), Has.Count.EqualTo(1));
    }

    [Test]
    public void AReviewIsRecordedWithItsVoteHoweverManyThereAre()
    {
        var status = Unreviewed();
        for (var i = 0; i < VoteStatus.MaxVotes; i++)
        {
            VoteStatus.Add(status, s_alice with { Name = $"old-{i}", Uid = $"u{i}", Approver = new Requester("mallory", "", []) });
        }

        Reviews.Record(status, s_alice, s_now);

        Assert.That(VoteStatus.Withdraw(status, "web-1", "v1", s_now, "alice", s_now.AddMinutes(1)));
        Assert.That(Read(status).IsUnreviewed);
    }

    private static JsonObject Reviewed()
    {
        var status = Unreviewed();
        Reviews.Record(status, s_alice, s_now);
        return status;
    }

    private static JsonObject Unreviewed() =>
        JsonNode.Parse("""{"phase": "Proven", "breakGlass": [{"name": "g", "by": "oscar", "at": "2026-11-28T09:00:00Z"}]}""")?.AsObject()
        ?? throw new AssertionException("no object");

    private static string ApprovedOf(JsonObject status)
    {
        var approved = status["conditions"]?.AsArray().Single(c => (string?)c?["type"] == "Approved");
        return $"{approved?["status"]} {approved?["reason"]}";
    }

    private static Change Read(JsonObject status) =>
        ChangeReader.Read(
            JsonSerializer.SerializeToElement(
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = "c", ["namespace"] = "shop" },
                    ["spec"] = new JsonObject
                    {
                        ["workload"] = new JsonObject { ["kind"] = "Deployment", ["name"] = "web" },
                        ["templateHash"] = "v2:1",
                    },
                    ["status"] = status.DeepClone(),
                }
            )
        );
}
