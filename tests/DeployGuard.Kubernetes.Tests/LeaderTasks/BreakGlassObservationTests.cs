using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
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

    private const string Deployment = """
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "d", "generation": 1},
         "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"} },
          "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "web:1"}] } } },
         "status": {"observedGeneration": 1} }
        """;
    private static readonly string s_hash = WorkloadReader.Default.Read(JsonElement.Parse(Deployment)).Template.Hash;

    private readonly ConcurrentQueue<JsonNode> _written = [];
    private readonly ConcurrentQueue<JsonNode> _events = [];
    private string _deployment = "";
    private string _refusing = "";

    [SetUp]
    public void Clear()
    {
        _written.Clear();
        _events.Clear();
        _deployment = "";
        _refusing = "";
    }

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
    public async Task ARejectionIsTheReviewOfARevisionThatWasReplaced()
    {
        var status = await ObserveAsync(Change("", ""), Vote("alice", "Approve"), Vote("bob", "Reject"));

        Assert.That((string?)status?["breakGlass"]?[0]?["reviewedBy"], Is.EqualTo("bob"));
        Assert.That((string?)status?["breakGlass"]?[0]?["reviewDecision"], Is.EqualTo("Reject"));
        Assert.That((string?)status?["approvals"]?[0]?["decision"], Is.EqualTo("Reject"), "its withdrawal opens the review again");
    }

    [Test]
    public async Task WhileARejectedRevisionRunsItsReviewIsOpen()
    {
        _deployment = Deployment;

        var observed = await ObserveAsync(Change("", ""), Vote("bob", "Reject"));
        Assert.That((string?)observed?["breakGlass"]?[0]?["reviewedBy"], Is.Null);
        _written.Clear();
        var status = await RunAsync(Change("", ""), [Vote("bob", "Reject")], recording: true);
        Assert.That((string?)status?["missing"], Is.EqualTo("break-glass review: rejected by bob, still running"));
    }

    [Test]
    public async Task TheRejectionOfARequesterIsNoReview()
    {
        var status = await ObserveAsync(Change("", ""), Vote("oscar", "Reject"));

        Assert.That((string?)status?["breakGlass"]?[0]?["reviewedBy"], Is.Null);
    }

    [TestCase("Approve", "alice approved deployment-web-1; the break-glass is reviewed")]
    [TestCase("Reject", "alice rejected deployment-web-1")]
    public async Task TheEventOfAReviewNamesNoMissingReview(string decision, string message)
    {
        await RunAsync(Change("", ""), [Vote("alice", decision)], recording: true);

        Assert.That(_events.Select(e => (string?)e["message"]), Has.All.EqualTo(message).And.Not.Empty);
    }

    [Test]
    public async Task AVetoOfSomebodyElseIsNone() =>
        Assert.That(await ObserveAsync(Change(ByAlice, "alice"), Vote("alice", "Approve"), Vote("mallory", "Reject", "guests")), Is.Null);

    /// <summary>A policy engine refuses one Change, or its namespace is being deleted.</summary>
    [Test]
    public async Task ANamespaceThatRefusesWritesDoesNotKeepOthersFromBeingObserved()
    {
        _refusing = "arcade";
        string[] both = [Change("", ""), Vote("alice", "Approve")];
        var there = Array.ConvertAll(both, o => o.Replace("shop", "arcade", StringComparison.Ordinal));

        var refused = await Assert.ThrowsAsync<ApiException>(() => ObserveAsync($"{there[0]},{both[0]}", there[1], both[1]));

        Assert.That(refused?.Message, Does.Contain("/namespaces/arcade/"));
        Assert.That((string?)_written.Single()["metadata"]?["namespace"], Is.EqualTo("shop"));
    }

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

    /// <summary>The Change in a namespace, of a list of Changes with commas between them.</summary>
    private static string OneOf(string changes, string @namespace) =>
        JsonNode.Parse($"[{changes}]")?.AsArray().FirstOrDefault(c => (string?)c?["metadata"]?["namespace"] == @namespace)?.ToJsonString()
        ?? throw new AssertionException($"no Change in {@namespace}");

    private async Task<bool> AnswerAsync(HttpContext context, string change, string[] votes)
    {
        var path = context.Request.Path.Value ?? "";
        if (context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        if (context.Request.Method is "PUT" && _refusing.Length > 0 && path.Contains($"/namespaces/{_refusing}/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsync("""{"kind": "Status", "code": 403, "message": "it is being terminated"}""");
            return true;
        }

        if (context.Request.Method is "POST" or "PUT")
        {
            var body =
                JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync()) ?? throw new AssertionException("no body");
            (path.EndsWith("/events", StringComparison.Ordinal) ? _events : _written).Enqueue(body);

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
            "/apis/apps/v1/deployments" => _deployment,
            $"{Folder}/changeapprovals" => string.Join(',', votes),
            $"{Folder}/safeguardpolicies" => """
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "tier-1"},
                 "spec": {"mode": "Enforce", "approval": {"required": "Always", "quorum": [{"groups": ["seniors"], "count": 1}]} } }
                """,
            "/api/v1/namespaces" => """
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "arcade"} },
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"} }
                """,
            _ => "",
        };
        await context.Response.WriteAsync(
            path == "/apis/batch/v1" ? """{"resources": [{"name": "cronjobs"}]}"""
            : path.StartsWith($"{Folder}/namespaces/", StringComparison.Ordinal) && path.Contains("/changes/", StringComparison.Ordinal)
                ? OneOf(change, path.Split('/')[5])
            : $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}"""
        );
        return true;
    }
}
