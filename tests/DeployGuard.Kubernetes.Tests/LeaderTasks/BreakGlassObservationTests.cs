using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What the leader writes of a change that came in by break-glass, as votes come and go.</summary>
public class BreakGlassObservationTests
{
    private const string Folder = "/apis/deployguard.io/v1alpha1";
    private const string ByAlice =
        """{"name": "r-alice", "uid": "alice", "approver": "alice", "decision": "Approve", "at": "2026-11-28T10:00:00Z"}""";
    private static readonly DateTimeOffset s_now = new(2026, 11, 28, 10, 1, 0, TimeSpan.Zero);
    private static readonly string s_hash = "v2:" + new string('0', 64);

    private readonly ConcurrentQueue<JsonNode> _written = [];

    [SetUp]
    public void Clear() => _written.Clear();

    [Test]
    public async Task AnApprovalIsAReviewAndOnRecord()
    {
        var status = await ObserveAsync(Change("", ""), Vote("alice", "Approve"));

        Assert.That((string?)status?["breakGlass"]?[0]?["reviewedBy"], Is.EqualTo("alice"));
        Assert.That((string?)status?["approvals"]?[0]?["uid"], Is.EqualTo("alice"));
    }

    [Test]
    public async Task AVetoOfAnotherApproverOpensTheReviewAgain()
    {
        var status = await ObserveAsync(Change(ByAlice, "alice"), Vote("alice", "Approve"), Vote("bob", "Reject"));

        Assert.That((string?)status?["breakGlass"]?[0]?["reviewedBy"], Is.Null);
        Assert.That((string?)status?["breakGlass"]?[0]?["formerReviews"]?[0]?["cause"], Is.EqualTo("ReviewRejected"));
        Assert.That((string?)status?["missing"], Is.EqualTo("break-glass review"));
    }

    [Test]
    public async Task NoApprovalIsAReviewBesideAVeto() =>
        Assert.That(await ObserveAsync(Change("", ""), Vote("alice", "Approve"), Vote("bob", "Reject")), Is.Null);

    [Test]
    public async Task AVetoOfSomebodyElseIsNone() =>
        Assert.That(await ObserveAsync(Change(ByAlice, "alice"), Vote("alice", "Approve"), Vote("mallory", "Reject", "guests")), Is.Null);

    [Test]
    public async Task AReviewWhoseVoteIsGoneIsWithdrawn()
    {
        var status = await RunAsync(Change(ByAlice, "alice"), [], recording: true);

        Assert.That((string?)status?["breakGlass"]?[0]?["formerReviews"]?[0]?["cause"], Is.EqualTo("ReviewWithdrawn"));
        Assert.That((string?)status?["approvals"]?[0]?["withdrawnAt"], Is.EqualTo("2026-11-28T10:01:00Z"));
        Assert.That((string?)status?["missing"], Is.EqualTo("break-glass review"));
    }

    private Task<JsonNode?> ObserveAsync(string change, params string[] votes) => RunAsync(change, votes, recording: false);

    /// <summary>The status that one round writes; null if it writes none.</summary>
    private async Task<JsonNode?> RunAsync(string change, string[] votes, bool recording)
    {
        await using var api = await FakeApi.StartAsync();
        api.Own = context => AnswerAsync(context, change, votes);
        await using var synced = await SyncedCaches.OfAsync(api);
        var time = new FakeTimeProvider(s_now);
        var (writer, events) = (new ChangeWriter(api.Connection, time), new EventWriter(api.Connection, time));
        if (recording)
        {
            await new VoteRecording(api.Connection, synced.Caches, writer, events, time, NullLogger.Instance).RunAsync(
                CancellationToken.None
            );
        }
        else
        {
            var custom = new CustomWorkloads(api.Connection, [], WorkloadReader.Default, NullLogger.Instance);
            var canaries = new CanaryWatch(synced.Caches, time);
            await new Observer(api.Connection, synced.Caches, custom, canaries, writer, events, time).RunAsync(CancellationToken.None);
        }

        return _written.SingleOrDefault()?["status"];
    }

    private static string Vote(string by, string decision, string group = "seniors") =>
        $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "ChangeApproval",
             "metadata": {"name": "r-{{by}}", "namespace": "shop", "uid": "{{by}}", "creationTimestamp": "2026-11-28T10:00:00Z"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "{{s_hash}}",
              "decision": "{{decision}}", "approver": {"username": "{{by}}", "uid": "", "groups": ["{{group}}"]} } }
            """;

    private static string Change(string vote, string reviewer) =>
        $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "Change",
             "metadata": {"name": "deployment-web-1", "namespace": "shop", "uid": "c", "resourceVersion": "7"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "{{s_hash}}", "images": []},
             "status": {"phase": "Completed", "requesters": [{"username": "oscar"}], "approvals": [{{vote}}],
              "breakGlass": [{"name": "g", "by": "oscar", "at": "2026-11-28T09:00:00Z"{{(
                reviewer.Length > 0 ? $", \"reviewedBy\": \"{reviewer}\"" : ""
            )}}}] } }
            """;

    private async Task<bool> AnswerAsync(HttpContext context, string change, string[] votes)
    {
        var path = context.Request.Path.Value ?? "";
        if (context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        if (context.Request.Method is "POST" or "PUT")
        {
            var body =
                JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync()) ?? throw new AssertionException("no body");
            if (!path.EndsWith("/events", StringComparison.Ordinal))
            {
                _written.Enqueue(body);
            }

            await context.Response.WriteAsync(body.ToJsonString());
            return true;
        }

        if (path.Contains("/changeapprovals/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync(FakeApi.NotFound);
            return true;
        }

        var items = path switch
        {
            $"{Folder}/changes" => change,
            $"{Folder}/changeapprovals" => string.Join(',', votes),
            $"{Folder}/safeguardpolicies" => """
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "tier-1"},
                 "spec": {"mode": "Enforce", "approval": {"required": "Always", "quorum": [{"groups": ["seniors"], "count": 1}]} } }
                """,
            "/api/v1/namespaces" => """{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"} }""",
            _ => "",
        };
        await context.Response.WriteAsync(
            path == "/apis/batch/v1" ? """{"resources": [{"name": "cronjobs"}]}"""
            : path.StartsWith($"{Folder}/namespaces/shop/changes/", StringComparison.Ordinal) ? change
            : $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}"""
        );
        return true;
    }
}
