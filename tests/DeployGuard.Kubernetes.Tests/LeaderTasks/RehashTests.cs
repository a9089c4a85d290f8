using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The leader rehashes records of version 0.2 from the live objects.</summary>
public class RehashTests
{
    private const string Folder = "/apis/deployguard.io/v1alpha1";
    private const string Deployment = """
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
         "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}
        """;

    private static readonly PodTemplate s_template = WorkloadReader
        .Default.Read(System.Text.Json.JsonDocument.Parse(Deployment).RootElement)
        .Template;

    [TestCase("", null, true, TestName = "{m}(what runs)")]
    [TestCase("", "v2:1", false, TestName = "{m}(what was hashed again)")]
    [TestCase("0", null, false, TestName = "{m}(what nothing live stands for)")]
    public async Task RecordOfVersionOneGetsTheCurrentHash(string other, string? rehashed, bool expected)
    {
        await using var api = await FakeApi.StartAsync();
        var written = new List<JsonNode?>();
        var change = Change($"{s_template.LegacyHash[..^1]}{(other.Length > 0 ? other : s_template.LegacyHash[^1..])}", rehashed);
        api.Own = context => AnswerAsync(context, change, written);
        await using var synced = await SyncedCaches.OfAsync(api);
        var caches = synced.Caches;

        await new Rehash(caches, new ChangeWriter(api.Connection, TimeProvider.System)).RunAsync(CancellationToken.None);

        Assert.That(written, Has.Count.EqualTo(expected ? 1 : 0));
        if (expected)
        {
            Assert.Multiple(() =>
            {
                Assert.That((string?)written[0]?["status"]?["rehashed"], Is.EqualTo(s_template.Hash));
                Assert.That(
                    (string?)written[0]?["spec"]?["templateHash"],
                    Is.EqualTo(s_template.LegacyHash),
                    "version 0.2 finds it as it left it"
                );
                Assert.That((string?)written[0]?["metadata"]?["name"], Is.EqualTo("c"));
            });
        }
    }

    private static JsonObject Change(string hash, string? rehashed)
    {
        var status = new JsonObject { ["phase"] = "Completed" };
        if (rehashed is not null)
        {
            status["rehashed"] = rehashed;
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "c",
                ["namespace"] = "shop",
                ["uid"] = "cu",
                ["resourceVersion"] = "1",
            },
            ["spec"] = new JsonObject
            {
                ["workload"] = new JsonObject
                {
                    ["apiGroup"] = "apps",
                    ["kind"] = "Deployment",
                    ["name"] = "web",
                },
                ["templateHash"] = hash,
            },
            ["status"] = status,
        };
    }

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
            "/apis/batch/v1" => """{"resources": [{"name": "cronjobs"}]}""",
            _ => List(""),
        };
        await context.Response.WriteAsync(body);
        return true;
    }

    private static string List(string items) => $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}""";
}
