using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which workloads without a Change are reported.</summary>
public class UnrecordedWorkloadScanTests
{
    private const string Namespace = """{"metadata": {"name": "shop", "labels": {"team": "shop"}}}""";

    [TestCase("{}", true)]
    [TestCase("""{"workloadSelector": {"matchLabels": {"tier": "front"}}}""", true, TestName = "{m}(its labels are selected)")]
    [TestCase("""{"workloadSelector": {"matchLabels": {"tier": "back"}}}""", false, TestName = "{m}(other labels are selected)")]
    [TestCase("""{"namespaceSelector": {"matchLabels": {"team": "other"}}}""", false, TestName = "{m}(another namespace is selected)")]
    [TestCase("""{"kinds": ["StatefulSet"]}""", false, TestName = "{m}(another kind is selected)")]
    public async Task AWorkloadThatAPolicyMatchesIsReported(string match, bool isReported)
    {
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        api.Own = context => AnswerAsync(context, match);
        await using var synced = await SyncedCaches.OfAsync(api);
        var scan = new UnrecordedWorkloadScan(
            synced.Caches,
            new CustomWorkloads(api.Connection, [], WorkloadReader.Default, NullLogger.Instance),
            new EventWriter(api.Connection, TimeProvider.System),
            TimeProvider.System
        );

        await scan.RunAsync(CancellationToken.None);
        Assert.That(scan.ByNamespace, Is.Empty, "the first scan only suspects");
        await scan.RunAsync(CancellationToken.None);

        Assert.That(scan.ByNamespace?.GetValueOrDefault("shop"), Is.EqualTo(isReported ? 1 : 0));
    }

    private static async Task<bool> AnswerAsync(HttpContext context, string match)
    {
        var item = context.Request.Query.ContainsKey("watch")
            ? null
            : (context.Request.Path.Value ?? "").Split('/')[^1] switch
            {
                "namespaces" => Namespace,
                "deployments" => """
                    {"metadata": {"name": "web", "namespace": "shop", "uid": "u", "labels": {"tier": "front"}},
                     "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}
                    """,
                "safeguardpolicies" => $$"""
                    {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "p"}, "spec": {"mode": "Enforce", "match": {{match}} },
                     "status": {"adopted": [{"namespace": "shop"}]} }
                    """,
                _ => null,
            };
        if (item is null)
        {
            return false;
        }

        await context.Response.WriteAsync($$"""{"metadata": {"resourceVersion": "1"}, "items": [{{item}}]}""");
        return true;
    }
}
