using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which objects the caches find for a workload.</summary>
public class ClusterCachesTests
{
    private const string Template = """{"spec": {"containers": [{"name": "web", "image": "web:1"}]} }""";

    /// <summary>Any user may write the uid of another namespace's workload into an ownerReference of their own object.</summary>
    [Test]
    public async Task ObjectsInAnotherNamespaceAreNotOwned()
    {
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        api.Own = AnswerAsync;
        await using var synced = await SyncedCaches.OfAsync(api);
        var caches = synced.Caches;

        using var web = JsonDocument.Parse(
            $$"""{"metadata": {"name": "web", "namespace": "shop", "uid": "u"}, "spec": {"template": {{Template}} } }"""
        );
        var owner = ObservedWorkload.Read(web.RootElement, "apps/v1", "Deployment", WorkloadReader.Default);
        Assert.Multiple(() =>
        {
            Assert.That(caches.Workloads["ReplicaSet"].All().Select(s => s.Ref.Namespace), Is.EquivalentTo(new[] { "shop", "other" }));
            Assert.That(caches.OwnedBy(owner, BuiltInKinds.ReplicaSet).Select(s => s.Ref.Namespace), Is.EqualTo(new[] { "shop" }));
            Assert.That(caches.RevisionsOf(owner).Select(r => r.Namespace), Is.EqualTo(new[] { "shop" }));
        });
    }

    private static async Task<bool> AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (
            context.Request.Query.ContainsKey("watch")
            || !(path.EndsWith("/replicasets", StringComparison.Ordinal) || path.EndsWith("/controllerrevisions", StringComparison.Ordinal))
        )
        {
            return false;
        }

        await context.Response.WriteAsync($$"""{"metadata": {"resourceVersion": "1"}, "items": [{{Owned("shop")}}, {{Owned("other")}}]}""");
        return true;
    }

    private static string Owned(string @namespace) =>
        $$"""
            {"metadata": {"name": "x", "namespace": "{{@namespace}}", "uid": "{{@namespace}}", "ownerReferences": [{"uid": "u", "kind": "Deployment", "name": "web", "controller": true}]},
             "spec": {"template": {{Template}} }, "revision": 1, "data": {"spec": {"template": {{Template}} } } }
            """;
}
