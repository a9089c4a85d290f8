using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which records the leader writes again for a workload that has none.</summary>
public class LostRecordsTests
{
    private readonly ConcurrentQueue<JsonNode> _written = [];

    [SetUp]
    public void Clear() => _written.Clear();

    [Test]
    public async Task LostRecordsOfADeploymentAreWrittenAgain()
    {
        await RunAsync(Item("Deployment", "web", "web:2", ""), Item("ReplicaSet", "web-1", "web:1", Owner("Deployment", "web")));

        Assert.That(Records(), Is.EquivalentTo(new[] { "Deployment web:2 Proven", "Deployment web:1 Completed" }));
    }

    /// <summary>The ReplicaSet of a deleted Deployment, which a user named as the owner of their own ReplicaSet.</summary>
    [Test]
    public async Task OrphanedReplicaSetGetsNoRecordForAReplicaSetThatNamesItAsOwner()
    {
        await RunAsync(
            Item("ReplicaSet", "web-1", "web:1", ""),
            Item("ReplicaSet", "x", "web:2", Owner("ReplicaSet", "web-1"), created: "2026-11-03T00:00:00Z")
        );

        Assert.That(Records(), Is.EqualTo(new[] { "ReplicaSet web:1 Proven" }));
    }

    private async Task RunAsync(params string[] items)
    {
        await using var api = await FakeApi.StartAsync();
        api.Own = context => AnswerAsync(context, items);
        await using var synced = await SyncedCaches.OfAsync(api);
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-11-04T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture));
        var task = new LostRecords(synced.Caches, new ChangeWriter(api.Connection, time), new EventWriter(api.Connection, time), time);

        await task.RunAsync(CancellationToken.None);
        Assert.That(_written, Is.Empty, "a cache may lag behind");
        time.Advance(TimeSpan.FromSeconds(11));
        await task.RunAsync(CancellationToken.None);
    }

    /// <summary>Kind, image and phase of every Change that was written.</summary>
    private IEnumerable<string> Records() =>
        _written.Select(c => $"{c["spec"]?["workload"]?["kind"]} {c["spec"]?["images"]?[0]?["to"]} {c["status"]?["phase"]}");

    private async Task<bool> AnswerAsync(HttpContext context, string[] items)
    {
        if (context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        var path = context.Request.Path.Value ?? "";
        if (context.Request.Method == HttpMethods.Post)
        {
            var body =
                JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync()) ?? throw new AssertionException("no body");
            body["metadata"]!["uid"] = "uid";
            if (path.EndsWith("/changes", StringComparison.Ordinal))
            {
                _written.Enqueue(body);
            }

            await context.Response.WriteAsync(body.ToJsonString());
            return true;
        }

        if (path.Contains("/changes/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync(FakeApi.NotFound);
            return true;
        }

        var found = path switch
        {
            "/apis/batch/v1" => null,
            "/apis/apps/v1/deployments" => Of("Deployment"),
            "/apis/apps/v1/replicasets" => Of("ReplicaSet"),
            "/apis/deployguard.io/v1alpha1/safeguardpolicies" => """
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "p"}, "spec": {"mode": "Enforce", "match": {} },
                 "status": {"adopted": [{"namespace": "shop", "servingAt": "2026-11-02T00:00:00Z"}]} }
                """,
            _ => "",
        };
        await context.Response.WriteAsync(
            found is null
                ? """{"resources": [{"name": "cronjobs"}]}"""
                : $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{found}}]}"""
        );
        return true;

        string Of(string kind) =>
            string.Join(',', items.Where(i => i.Contains($"\"kind\": \"{kind}\", \"metadata\"", StringComparison.Ordinal)));
    }

    private static string Owner(string kind, string name) =>
        $$"""{"apiVersion": "apps/v1", "kind": "{{kind}}", "name": "{{name}}", "uid": "uid-{{name}}", "controller": true}""";

    private static string Item(string kind, string name, string image, string owner, string created = "2026-11-01T00:00:00Z") =>
        $$"""
            {"apiVersion": "apps/v1", "kind": "{{kind}}", "metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "resourceVersion": "1",
              "creationTimestamp": "{{created}}", "labels": {"app": "web"}, "ownerReferences": [{{owner}}]},
             "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"} },
              "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "{{image}}"}]} } } }
            """;
}
