using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// The decision log has a line for each vote, withdrawal, override, break-glass, review and change of a policy, with reasons.
/// </summary>
public class RecordLogTests
{
    private static readonly string[] s_seniors = ["senior-engineers"];
    private static readonly string s_hash = "v1:" + new string('0', 64);

    [Test]
    public async Task AVoteIsLoggedWithItsReasonAndChange()
    {
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Approve", s_hash);
        vote["spec"]?["reason"] = "read the diff";

        var line = (await LogOfAsync(Stored(new LiteralFacts { Cached = Cached() }, vote), Votes("CREATE", "alice", vote))).Single();

        Assert.That(Text(line, "uid"), Is.EqualTo("u-1"));
        Assert.That(
            (Text(line, "event"), Text(line, "user"), Text(line, "decision"), Text(line, "change"), Text(line, "reason"), line["reviews"]),
            Is.EqualTo(("vote", "alice", "Approve", "deployment-web-1", "read the diff", (JsonNode?)null))
        );
    }

    [Test]
    public async Task TheReviewOfABreakGlassIsLoggedAsSuch()
    {
        var used = Cached(new BreakGlassUse("web-x1", "carol", DateTimeOffset.UnixEpoch, null));
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Approve", s_hash);

        var line = (await LogOfAsync(Stored(new LiteralFacts { Cached = used }, vote), Votes("CREATE", "alice", vote))).Single();

        Assert.That(line["reviews"]?.ToJsonString(), Is.EqualTo("""["web-x1"]"""));
    }

    /// <summary>Admission comes before storage: with a name that is taken, the API server answers 409 after it.</summary>
    [Test]
    public async Task AVoteThatWasNeverStoredIsNotLoggedAsAVote()
    {
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Approve", s_hash);
        var facts = Stored(new LiteralFacts { Cached = Cached() }, vote);
        SetUid(vote, "u-2");

        var line = (await LogOfAsync(facts, Votes("CREATE", "alice", vote))).Single();

        Assert.That(
            (Text(line, "event"), Text(line, "of"), Text(line, "uid"), Text(line, "user")),
            Is.EqualTo(("unconfirmed", "vote", "u-2", "alice"))
        );
    }

    [Test]
    public async Task AWithdrawalThatDidNotHappenIsNotLoggedAsOne()
    {
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Reject", s_hash);
        var facts = Stored(new LiteralFacts { Cached = Cached() }, vote);

        var line = (await LogOfAsync(facts, Votes("DELETE", "alice", null, vote))).Single();

        Assert.That((Text(line, "event"), Text(line, "of")), Is.EqualTo(("unconfirmed", "withdrawal")));
    }

    [Test]
    public async Task ALineWaitsUntilTheObjectIsSeenAndNotLonger()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var facts = new LiteralFacts { Cached = Cached() };
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Approve", s_hash);
        using var output = new MemoryStream();
        using var log = new DecisionLog(output, time);
        using var records = new RecordLog(log, facts, time);
        await records.StartAsync(CancellationToken.None);
        var lines = new RecordLines("seen\n"u8.ToArray(), "unseen\n"u8.ToArray());
        Stored(facts, vote);
        using var seen = JsonDocument.Parse(Votes("CREATE", "alice", vote));
        SetUid(vote, "u-2");
        using var never = JsonDocument.Parse(Votes("CREATE", "alice", vote));

        records.Write(Review.Read(never.RootElement), lines);
        records.Write(Review.Read(seen.RootElement), lines);
        Assert.That(
            () => AdvanceTo(time, RecordLog.Patience * 0.7, TimeSpan.FromSeconds(0.3), log),
            Is.EqualTo(1).After(20_000, 100),
            "one is seen, the other may still come"
        );
        Assert.That(
            () => AdvanceTo(time, RecordLog.Patience * 2, TimeSpan.FromSeconds(5), log),
            Is.EqualTo(2).After(20_000, 100),
            "the other has not come"
        );
        await records.StopAsync(CancellationToken.None);
        await log.StartAsync(CancellationToken.None);
        await log.StopAsync(CancellationToken.None);

        Assert.That(Encoding.UTF8.GetString(output.ToArray()), Is.EqualTo("seen\nunseen\n"));
    }

    [Test]
    public async Task WhatPeopleTypeCannotDeceiveAReaderOfTheLog()
    {
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Approve", s_hash);
        vote["spec"]?["reason"] = "ok\n{\u202e\u001b[2J";

        var line = (await LogOfAsync(Stored(new LiteralFacts { Cached = Cached() }, vote), Votes("CREATE", "alice", vote))).Single();

        Assert.That(Text(line, "reason"), Is.EqualTo("ok<LF>{<U+202E><ESC>[2J"));
    }

    [TestCase("alice", false)]
    [TestCase("carol", true)]
    public async Task AWithdrawalIsLoggedAndRecordedWithItsUser(string user, bool isOverride)
    {
        var facts = new LiteralFacts { Cached = Cached() };
        facts.Permissions.Add("override changeapprovals/a");
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Reject", s_hash);

        var line = (await LogOfAsync(facts, Votes("DELETE", user, null, vote))).Single();

        Assert.That(
            (Text(line, "event"), Text(line, "user"), Text(line, "creator"), (bool?)line["override"]),
            Is.EqualTo(("withdrawal", user, "alice", isOverride))
        );
        Assert.That(facts.Withdrawn, Is.EqualTo(new[] { ("a", user) }));
    }

    [Test]
    public async Task ADryRunIsNotLogged()
    {
        var facts = new LiteralFacts { Cached = Cached() };
        var vote = Reviews.ApprovalObject("alice", s_seniors, "Reject", s_hash);

        Assert.That(await LogOfAsync(facts, Votes("DELETE", "alice", null, vote, dryRun: true)), Is.Empty);
        Assert.That(facts.Withdrawn, Is.Empty);
    }

    [Test]
    public async Task APolicyChangeIsLoggedWithModesAndFields()
    {
        var before = JsonNode.Parse(
            """{"metadata": {"name": "tier-1"}, "spec": {"mode": "Enforce", "approval": {"required": "Always", "quorum": [{"groups": ["a"], "count": 1}]}}}"""
        );
        var after = JsonNode.Parse(
            """{"metadata": {"name": "tier-1"}, "spec": {"mode": "Audit", "approval": {"required": "Always", "quorum": [{"groups": ["b"], "count": 1}]}}}"""
        );
        var review = Reviews.Of("UPDATE", "deployguard.io", "SafeguardPolicy", "safeguardpolicies", "petra", after, before);

        var line = (await LogOfAsync(new LiteralFacts(), review)).Single();

        Assert.That((Text(line, "user"), Text(line, "modeBefore"), Text(line, "mode")), Is.EqualTo(("petra", "Enforce", "Audit")));
        Assert.That(line["changed"]?.ToJsonString(), Is.EqualTo("""["approval.quorum","mode"]"""));
    }

    private static ClusterSnapshot Cached(params BreakGlassUse[] uses) =>
        new()
        {
            Policies =
            [
                new SafeguardPolicy
                {
                    Name = "tier-1",
                    Approval = new ApprovalRules { Quorum = [new QuorumLine(s_seniors, 1)] },
                },
            ],
            Changes =
            [
                new Change
                {
                    Name = "deployment-web-1",
                    Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
                    TemplateHash = s_hash,
                    Phase = uses.Length > 0 ? Phase.Running : Phase.Pending,
                    Requesters = ["dana"],
                    BreakGlassUses = uses,
                },
            ],
        };

    private static string Votes(string operation, string user, JsonNode? vote, JsonNode? before = null, bool dryRun = false) =>
        Reviews.Of(operation, "deployguard.io", "ChangeApproval", "changeapprovals", user, vote, before, dryRun, s_seniors);

    private static LiteralFacts Stored(LiteralFacts facts, JsonNode vote)
    {
        SetUid(vote, "u-1");
        facts.Stored["u-1"] = true;
        return facts;
    }

    private static void SetUid(JsonNode vote, string uid) =>
        (vote["metadata"] ?? throw new InvalidOperationException("no metadata"))["uid"] = uid;

    /// <summary>Moves the clock one step, until it is so late.</summary>
    /// <returns>The number of lines that were handed to the log.</returns>
    private static int AdvanceTo(FakeTimeProvider time, TimeSpan latest, TimeSpan step, DecisionLog log)
    {
        if (time.GetUtcNow() + step <= DateTimeOffset.UnixEpoch + latest)
        {
            time.Advance(step);
        }

        return log.Waiting;
    }

    private static string? Text(JsonNode? line, string name) => (string?)line?[name];

    /// <summary>The lines after one review. Stopping the webhook writes those that wait.</summary>
    private static async Task<IReadOnlyList<JsonNode>> LogOfAsync(LiteralFacts facts, string review)
    {
        using var log = new MemoryStream();
        await using (var webhook = await RunningWebhook.StartAsync(facts, log: log))
        {
            var answer = await webhook.SendAsync("/admit/records", review);
            Assert.That(answer.GetProperty("allowed").GetBoolean(), answer.ToString());
        }

        return
        [
            .. Encoding
                .UTF8.GetString(log.ToArray())
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => JsonNode.Parse(l))
                .OfType<JsonNode>(),
        ];
    }
}
