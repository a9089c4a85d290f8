using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What the leader writes of a vote: the Change once, and one Event each on Change and workload.</summary>
public class VoteRecordingTests
{
    private const string Folder = "/apis/deployguard.io/v1alpha1";
    private static readonly DateTimeOffset s_now = new(2026, 11, 28, 10, 1, 0, TimeSpan.Zero);
    private static readonly string s_hash = "v2:" + new string('0', 64);

    private readonly ConcurrentQueue<JsonNode> _changes = [];
    private readonly ConcurrentQueue<JsonNode> _events = [];

    [SetUp]
    public void Clear()
    {
        _changes.Clear();
        _events.Clear();
    }

    [Test]
    public async Task AVoteIsWrittenOnceHoweverOftenTheTaskRuns()
    {
        await RunAsync(Vote, recorded: "");

        var status = _changes.Single()["status"];
        Assert.That((string?)status?["missing"], Is.EqualTo("nothing: retry by dana"));
        Assert.That((string?)status?["approvals"]?[0]?["counts"]?[0], Is.EqualTo("tier-1: seniors"));
        Assert.That(
            _events.Select(e => $"{e["involvedObject"]?["kind"]} {e["reason"]} {e["message"]}"),
            Is.EquivalentTo(
                new[]
                {
                    "Change ChangeApproved alice approved deployment-web-1 (read it); nothing is missing: dana can send the request again",
                    "Deployment ChangeApproved alice approved deployment-web-1 (read it); nothing is missing: dana can send the request again",
                }
            )
        );
    }

    [Test]
    public async Task AVoteThatIsGoneIsMissingAgain()
    {
        await RunAsync("", Recorded);

        var status = _changes.Single()["status"];
        Assert.That((string?)status?["missing"], Is.EqualTo("seniors 0/1"));
        Assert.That((string?)status?["approvals"]?[0]?["withdrawnAt"], Is.EqualTo("2026-11-28T10:01:00Z"));
        Assert.That(_events.Select(e => (string?)e["reason"]), Is.EqualTo(new[] { "VoteWithdrawn", "VoteWithdrawn" }));
    }

    [Test]
    public async Task APolicyThatIsNewerThanTheRequestCounts()
    {
        var older = Change("")
            .Replace("\"name\": \"tier-1\", \"mode\"", "\"name\": \"older\", \"mode\"", StringComparison.Ordinal)
            .Replace("seniors 0/1", "nothing: retry by dana", StringComparison.Ordinal);
        await using var api = await FakeApi.StartAsync();
        api.Own = context => AnswerAsync(context, "", "", older);
        await using var synced = await SyncedCaches.OfAsync(api);

        await TaskOf(api, synced, new FakeTimeProvider(s_now)).RunAsync(CancellationToken.None);

        Assert.That((string?)_changes.Single()["status"]?["missing"], Is.EqualTo("seniors 0/1"));
    }

    [Test]
    public async Task ABusyChangeDoesNotDelayTheOthers()
    {
        await using var api = await FakeApi.StartAsync();
        var other = new TaskCompletionSource();
        api.Own = async context =>
        {
            var path = context.Request.Path.Value ?? "";
            if (context.Request.Method == "PUT" && path.EndsWith("/deployment-web-1", StringComparison.Ordinal))
            {
                // Answered only after the other Change is written: if they are written one after the other, never.
                await other.Task.WaitAsync(context.RequestAborted);
            }
            else if (context.Request.Method == "PUT" && path.EndsWith("/deployment-api-1", StringComparison.Ordinal))
            {
                other.TrySetResult();
            }

            return await AnswerAsync(context, "", Recorded, Change(Recorded) + "," + Change(Recorded, "api"));
        };
        await using var synced = await SyncedCaches.OfAsync(api);

        await TaskOf(api, synced, new FakeTimeProvider(s_now)).RunAsync(CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.That(
            _changes.Select(c => (string?)c["metadata"]?["name"]),
            Is.EquivalentTo(new[] { "deployment-web-1", "deployment-api-1" })
        );
    }

    /// <summary>Two rounds, in which the cache has not seen the first write yet.</summary>
    private async Task RunAsync(string vote, string recorded)
    {
        await using var api = await FakeApi.StartAsync();
        api.Own = context => AnswerAsync(context, vote, recorded);
        await using var synced = await SyncedCaches.OfAsync(api);
        var task = TaskOf(api, synced, new FakeTimeProvider(s_now));

        await task.RunAsync(CancellationToken.None);
        await task.RunAsync(CancellationToken.None);
    }

    private static VoteRecording TaskOf(FakeApi api, SyncedCaches synced, TimeProvider time) =>
        new(
            api.Connection,
            synced.Caches,
            new ChangeWriter(api.Connection, time),
            new EventWriter(api.Connection, time),
            time,
            NullLogger.Instance
        );

    private const string Recorded = """
        {"name": "web-1", "approver": "alice", "decision": "Approve", "at": "2026-11-28T10:00:00Z", "counts": ["tier-1: seniors"]}
        """;

    private static string Vote =>
        $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "ChangeApproval",
             "metadata": {"name": "web-1", "namespace": "shop", "uid": "v", "creationTimestamp": "2026-11-28T10:00:00Z"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "{{s_hash}}", "decision": "Approve",
              "reason": "read it", "approver": {"username": "alice", "uid": "", "groups": ["seniors"]} } }
            """;

    private static string Change(string recorded, string workload = "web") =>
        $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "Change",
             "metadata": {"name": "deployment-{{workload}}-1", "namespace": "shop", "uid": "c-{{workload}}", "resourceVersion": "7"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "{{workload}}"}, "templateHash": "{{s_hash}}", "images": []},
             "status": {"phase": "Pending", "missing": "{{(
                recorded.Length > 0 ? "nothing: retry" : "seniors 0/1"
            )}}", "requesters": [{"username": "dana"}],
              "policies": [{"name": "tier-1", "mode": "Enforce"}], "approvals": [{{recorded}}],
              "findings": [{"policy": "tier-1", "mode": "Enforce", "safeguard": "Approval", "reason": "ApprovalMissing", "message": ""}] } }
            """;

    private async Task<bool> AnswerAsync(HttpContext context, string vote, string recorded, string? changes = null)
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
            (path.EndsWith("/events", StringComparison.Ordinal) ? _events : _changes).Enqueue(body);
            await context.Response.WriteAsync(body.ToJsonString());
            return true;
        }

        if (path.Contains("/changeapprovals/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync(FakeApi.NotFound);
            return true;
        }

        if (path.StartsWith($"{Folder}/namespaces/shop/changes/deployment-", StringComparison.Ordinal))
        {
            await context.Response.WriteAsync(Change(recorded, path.Split('-')[^2]));
            return true;
        }

        var items = path switch
        {
            $"{Folder}/changes" => changes ?? Change(recorded),
            $"{Folder}/changeapprovals" => vote,
            $"{Folder}/safeguardpolicies" => """
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "tier-1"},
                 "spec": {"mode": "Enforce", "approval": {"required": "Always", "quorum": [{"groups": ["seniors"], "count": 1}]} } }
                """,
            "/api/v1/namespaces" => """{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"} }""",
            "/apis/batch/v1" => null,
            _ => "",
        };
        await context.Response.WriteAsync(
            items is null
                ? """{"resources": [{"name": "cronjobs"}]}"""
                : $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}"""
        );
        return true;
    }
}
