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
