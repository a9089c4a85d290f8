using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Cache;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

public class NamespaceSnapshotsTests
{
    private const string Added =
        """{"type": "ADDED", "object": {"metadata": {"name": "web", "namespace": "shop", "resourceVersion": "2"}, "spec": {"selector": {"app": "web"}}}}""";

    [Test]
    public async Task ASnapshotIsKeptUntilAnObjectOfItsNamespaceChanges()
    {
        var changes = new TaskCompletionSource();
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        api.Own = context => AddServiceAsync(context, changes.Task);
        await using var synced = await SyncedCaches.OfAsync(api);
        var snapshots = new NamespaceSnapshots(synced.Caches);
        var (shop, other) = (snapshots.Of("shop"), snapshots.Of("other"));
        Assert.That(snapshots.Of("shop"), Is.SameAs(shop));

        changes.SetResult();
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (synced.Caches.Services.Under("shop").Count == 0 && waited.Elapsed.TotalSeconds < 30)
        {
            await Task.Delay(10);
        }

        Assert.That(snapshots.Of("shop").Services.Select(s => s.Name), Is.EqualTo(new[] { "web" }));
        Assert.That(snapshots.Of("shop"), Is.SameAs(snapshots.Of("shop")));
        Assert.That(snapshots.Of("other"), Is.SameAs(other));
    }

    [Test]
    public async Task RecordsOfAFormerVersionAreTranslatedForEachRequest()
    {
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        api.Objects["/apis/deployguard.io/v1alpha1/changes"] = """
            {"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "web-1", "namespace": "shop"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v1:abc"},
             "status": {"phase": "Completed"}}]}
            """;
        await using var synced = await SyncedCaches.OfAsync(api);
        var snapshots = new NamespaceSnapshots(synced.Caches);
        foreach (var hash in (string[])["v2:one", "v2:two"])
        {
            var translation = new HashTranslation(_ => [new KnownTemplate("", "v1:abc", hash, IsCurrent: true)]);
            Assert.That(snapshots.Of("shop", translation).Changes.Single().TemplateHash, Is.EqualTo(hash));
            Assert.That(snapshots.Of("other", translation), Is.SameAs(snapshots.Of("other")), "nothing to translate");
        }
    }

    [Test]
    public async Task ThePodsOfANamespaceAreTheSameListUntilOneChanges()
    {
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        await using var synced = await SyncedCaches.OfAsync(api);
        using var stop = new CancellationTokenSource();
        synced.Caches.Pods.Follow(new HashSet<string> { "shop" }, stop.Token);
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (synced.Caches.Pods.Of("shop") is null && waited.Elapsed.TotalSeconds < 30)
        {
            await Task.Delay(10);
        }

        Assert.That(synced.Caches.Pods.Of("shop"), Is.Not.Null.And.SameAs(synced.Caches.Pods.Of("shop")));
        await stop.CancelAsync();
    }

    /// <summary>The watch of Services sends one, once the test asks for it.</summary>
    private static async Task<bool> AddServiceAsync(HttpContext context, Task asked)
    {
        if (context.Request.Path != "/api/v1/services" || !context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        await context.Response.StartAsync();
        await asked;
        await context.Response.WriteAsync(Added + "\n");
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        return true;
    }
}
