using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The leader names the requesters of Changes that an older version wrote.</summary>
public class RequesterColumnTests
{
    private const string Folder = "/apis/deployguard.io/v1alpha1";

    private readonly List<JsonNode?> _written = [];

    [SetUp]
    public void Clear() => _written.Clear();

    [TestCase("", "dana +1", TestName = "{m}(by an older version)")]
    [TestCase("\"requester\": \"dana +1\",", null, TestName = "{m}(by this version)")]
    public async Task AChangeIsNamedOnce(string column, string? expected)
    {
        await using var api = await FakeApi.StartAsync();
        api.Own = context => AnswerAsync(context, Change(column));
        await using var synced = await SyncedCaches.OfAsync(api);
        var time = new FakeTimeProvider();
        var task = new RequesterColumn(synced.Caches, new ChangeWriter(api.Connection, time), time);

        // The cache does not see the write: an older definition of Change drops the field.
        await task.RunAsync(CancellationToken.None);
        await task.RunAsync(CancellationToken.None);

        Assert.That(
            _written.Select(w => (string?)w?["status"]?["requester"]),
            Is.EqualTo(expected is null ? Array.Empty<string>() : [expected])
        );
    }

    private static string Change(string column) =>
        $$"""
            {"metadata": {"name": "c", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:{{new string('0', 64)}}"},
             "status": {"phase": "Completed", {{column}} "requesters": [{"username": "dana"}, {"username": "erin"}]} }
            """;

    private async Task<bool> AnswerAsync(HttpContext context, string change)
    {
        if (context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        if (context.Request.Method == HttpMethods.Put)
        {
            _written.Add(JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync()));
        }

        var body = context.Request.Path.Value switch
        {
            $"{Folder}/changes" => List(change),
            $"{Folder}/namespaces/shop/changes/c" => change,
            "/apis/batch/v1" => """{"resources": [{"name": "cronjobs"}]}""",
            _ => List(""),
        };
        await context.Response.WriteAsync(body);
        return true;
    }

    private static string List(string items) => $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}""";
}
