using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Another list of template noise changes the hash of an unchanged template: completed revisions stay rollback targets.</summary>
public class ServerUpgradeTests
{
    private const string Folder = "/apis/deployguard.io/v1alpha1";
    private const string Template =
        """{"metadata": {"labels": {"app": "web"}, "annotations": {"rollme": "1"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}""";
    private const string Deployment = $$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
         "spec": {"selector": {"matchLabels": {"app": "web"} }, "template": {{Template}} } }
        """;
    private const string ReplicaSet = $$"""
        {"apiVersion": "apps/v1", "kind": "ReplicaSet",
         "metadata": {"name": "web-1", "namespace": "shop", "uid": "s", "resourceVersion": "1", "labels": {"app": "web"}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u", "controller": true}]},
         "spec": {"template": {{Template}} } }
        """;

    private static readonly TemplateNoise s_list = new(["rollme"], []);

    [TestCase("v1.36.2", true, TestName = "{m}(no list: a former release)")]
    [TestCase("v1.36.2 noise:01234567", true, TestName = "{m}(another list, or other defaults)")]
    [TestCase(null, false, TestName = "{m}(the same list: a user edited the object)")]
    public async Task HashUnderAnotherNoiseListReplacesTheFormerOne(string? notedUnder, bool expected)
    {
        var reader = new WorkloadReader(WorkloadKinds.BuiltIn, s_list, InjectionTable.BuiltIn);
        var former = WorkloadReader.Default.Read(JsonDocument.Parse(ReplicaSet).RootElement).Template.Hash;
        var now = reader.Read(JsonDocument.Parse(ReplicaSet).RootElement).Template.Hash;
        Assert.That(now, Is.Not.EqualTo(former));

        var written = new List<JsonNode?>();
        notedUnder ??= $"v1.36.2 noise:{s_list.Fingerprint}";
        await using var api = await FakeApi.StartAsync();
        api.Own = context => AnswerAsync(context, Change(former, notedUnder), written);
        await using var synced = await SyncedCaches.OfAsync(api, reader);
        await new ServerUpgrade(
            api.Connection,
            synced.Caches,
            new ChangeWriter(api.Connection, TimeProvider.System),
            s_list,
            TimeProvider.System
        ).RunAsync(CancellationToken.None);

        Assert.That((string?)written.Single()?["status"]?["ownedHash"], Is.EqualTo(expected ? now : "edited"));
        Assert.That((string?)written.Single()?["status"]?["ownedServer"], Is.EqualTo($"v1.36.2 noise:{s_list.Fingerprint}"));
    }

    [TestCase("v1.36.2")]
    [TestCase("v1.36.2 noise:01234567")]
    public async Task HashUnderAnUnknownNoiseListIsNotedAgainWithoutHarm(string notedUnder)
    {
        var hash = WorkloadReader.Default.Read(JsonDocument.Parse(ReplicaSet).RootElement).Template.Hash;
        var written = new List<JsonNode?>();
        await using var api = await FakeApi.StartAsync();
        api.Own = context => AnswerAsync(context, Change(hash, notedUnder), written);
        await using var synced = await SyncedCaches.OfAsync(api, WorkloadReader.Default);
        await new ServerUpgrade(
            api.Connection,
            synced.Caches,
            new ChangeWriter(api.Connection, TimeProvider.System),
            TemplateNoise.Default,
            TimeProvider.System
        ).RunAsync(CancellationToken.None);

        var status = written.Single()?["status"];
        Assert.That((string?)status?["ownedHash"], Is.EqualTo(hash));
        Assert.That((string?)status?["ownedServer"], Is.EqualTo($"v1.36.2 noise:{TemplateNoise.Default.Fingerprint}"));
    }

    private static JsonObject Change(string hash, string server) =>
        JsonNode
            .Parse(
                $$"""
                {"metadata": {"name": "c", "namespace": "shop", "uid": "cu", "resourceVersion": "1"},
                 "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "{{hash}}"},
                 "status": {"phase": "Completed", "ownedUid": "s", "ownedHash": "{{hash}}", "ownedServer": "{{server}}"} }
                """
            )
            ?.AsObject()
        ?? throw new InvalidOperationException("no object");

    private static async Task<bool> AnswerAsync(HttpContext context, JsonObject change, List<JsonNode?> written)
    {
        if (context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        if (context.Request.Method == HttpMethods.Put)
        {
            written.Add(JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync()));
        }

        var body = context.Request.Path.Value switch
        {
            $"{Folder}/changes" => List(change.ToJsonString()),
            $"{Folder}/namespaces/shop/changes/c" => change.ToJsonString(),
            "/apis/apps/v1/deployments" => List(Deployment),
            "/apis/apps/v1/replicasets" => List(ReplicaSet),
            "/apis/batch/v1" => """{"resources": [{"name": "cronjobs"}]}""",
            "/version" => """{"gitVersion": "v1.36.2"}""",
            _ => List(""),
        };
        await context.Response.WriteAsync(body);
        return true;
    }

    private static string List(string items) => $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}""";
}
