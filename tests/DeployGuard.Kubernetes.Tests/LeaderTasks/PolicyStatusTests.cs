using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What the leader keeps in the status of a policy.</summary>
public class PolicyStatusTests
{
    private const string Policies = "apis/deployguard.io/v1alpha1/safeguardpolicies";
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    [TestCase(1, "2026-11-01T00:00:00Z", Description = "its spec is as it was created")]
    [TestCase(2, "2026-11-25T12:00:00Z", Description = "it may have enforced only since the change")]
    public async Task APolicyEnforcesSinceItsCreationOnlyIfItWasNeverChanged(int generation, string since)
    {
        await using var store = await ObjectStore.StartAsync();
        store.Put($"{Policies}/p", Policy(generation, "{}"));

        await RunAsync(store, new FakeTimeProvider(s_now));

        Assert.That(
            store.Objects[$"{Policies}/p/status"]["status"]?.ToJsonString(),
            Is.EqualTo($$"""{"namespaces":1,"period":"always","enforcedSince":"{{since}}"}""")
        );
    }

    [Test]
    public async Task AStatusThatIsRightIsNotWrittenAgain()
    {
        await using var store = await ObjectStore.StartAsync();
        store.Put(
            $"{Policies}/p",
            Policy(2, """{"namespaces": 1, "period": "always", "enforcedSince": "2026-11-20T00:00:00Z", "adopted": []}""")
        );

        await RunAsync(store, new FakeTimeProvider(s_now));

        Assert.That(store.Writes, Is.Empty);
    }

    /// <summary>The definitions of a former version do.</summary>
    [Test]
    public async Task AStatusThatTheServerDropsIsWrittenOnceAMinute()
    {
        await using var store = await ObjectStore.StartAsync();
        var time = new FakeTimeProvider(s_now);
        store.Put($"{Policies}/p", Policy(2, "{}"));

        await RunAsync(
            store,
            time,
            async task =>
            {
                await task.RunAsync(CancellationToken.None);
                time.Advance(TimeSpan.FromSeconds(30));
                await task.RunAsync(CancellationToken.None);
                Assert.That(store.Writes, Has.Exactly(1).Items);
                store.Objects.TryRemove($"{Policies}/p/status", out _);
                time.Advance(TimeSpan.FromSeconds(31));
                await task.RunAsync(CancellationToken.None);
            }
        );

        Assert.That(store.Writes, Has.Exactly(2).Items);
    }

    private static async Task RunAsync(ObjectStore store, FakeTimeProvider time, Func<PolicyStatus, Task>? run = null)
    {
        await using var api = await FakeApi.StartAsync();
        var stored = store.Objects.Where(o => o.Key.StartsWith(Policies, StringComparison.Ordinal)).Select(o => o.Value.ToJsonString());
        api.Objects[$"/{Policies}"] = $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{string.Join(',', stored)}}]}""";
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        api.Objects["/api/v1/namespaces"] = """
            {"metadata": {"resourceVersion": "1"}, "items": [
             {"metadata": {"name": "shop", "labels": {"tier": "1"} } }, {"metadata": {"name": "other"} }, {"metadata": {"name": "kube-system", "labels": {"tier": "1"} } }]}
            """;
        await using var synced = await SyncedCaches.OfAsync(api);
        var task = new PolicyStatus(store.Connection, synced.Caches, TestOptions.Installed, time);
        await (run ?? (t => t.RunAsync(CancellationToken.None)))(task);
    }

    private static JsonObject Policy(int generation, string status) =>
        new()
        {
            ["apiVersion"] = "deployguard.io/v1alpha1",
            ["kind"] = "SafeguardPolicy",
            ["metadata"] = new JsonObject
            {
                ["name"] = "p",
                ["generation"] = generation,
                ["creationTimestamp"] = "2026-11-01T00:00:00Z",
            },
            ["spec"] = JsonNode.Parse(
                """{"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tier": "1"} } }, "images": {} }"""
            ),
            ["status"] = JsonNode.Parse(status),
        };
}
