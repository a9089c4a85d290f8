using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which stored policies get their mode written.</summary>
public class PolicyModesTests
{
    private const string Policies = "apis/deployguard.io/v1alpha1/safeguardpolicies";

    [Test]
    public async Task AStoredPolicyWithoutAModeIsWrittenAsEnforceWithAnEvent()
    {
        await using var store = await ObjectStore.StartAsync();
        store.Put($"{Policies}/old", Policy("old", """{"images": {} }"""));
        store.Put($"{Policies}/audits", Policy("audits", """{"mode": "Audit", "images": {} }"""));
        store.Put($"{Policies}/broken", Policy("broken", """{"freez": {} }"""));

        await RunAsync(store);

        Assert.That(store.Objects[$"{Policies}/old"]["spec"]?.ToJsonString(), Is.EqualTo("""{"images":{},"mode":"Enforce"}"""));
        Assert.That(
            store.Writes,
            Is.EqualTo(new[] { $"PATCH {Policies}/old", "POST api/v1/namespaces/default/events" }),
            "no other policy is touched"
        );
        var noted = store.Objects.Single(o => o.Key.Contains("/events/", StringComparison.Ordinal)).Value;
        Assert.That((string?)noted["involvedObject"]?["name"], Is.EqualTo("old"));
    }

    [Test]
    public async Task AnAuthorWhoNamesTheModeAtThatMomentWins()
    {
        await using var store = await ObjectStore.StartAsync();
        store.Put($"{Policies}/old", Policy("old", """{"images": {} }"""));
        var named = false;
        store.Admit = written =>
        {
            if (!named && (string?)written["spec"]?["mode"] == "Enforce")
            {
                named = true;
                throw new InvalidOperationException("busy");
            }
        };

        await Assert.ThatAsync(() => RunAsync(store), Throws.Exception, "the leader's loop tries again");
        store.Put($"{Policies}/old", Policy("old", """{"mode": "Audit", "images": {} }"""));
        await RunAsync(store);

        Assert.That((string?)store.Objects[$"{Policies}/old"]["spec"]?["mode"], Is.EqualTo("Audit"));
    }

    private static async Task RunAsync(ObjectStore store)
    {
        await using var api = await FakeApi.StartAsync();
        var stored = store.Objects.Where(o => o.Key.StartsWith(Policies, StringComparison.Ordinal)).Select(o => o.Value.ToJsonString());
        api.Objects[$"/{Policies}"] = $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{string.Join(',', stored)}}]}""";
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        await using var synced = await SyncedCaches.OfAsync(api);
        var task = new PolicyModes(
            store.Connection,
            synced.Caches,
            new EventWriter(store.Connection, TimeProvider.System),
            NullLogger.Instance
        );

        await task.RunAsync(CancellationToken.None);
    }

    private static JsonObject Policy(string name, string spec) =>
        new()
        {
            ["apiVersion"] = "deployguard.io/v1alpha1",
            ["kind"] = "SafeguardPolicy",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = JsonNode.Parse(spec),
        };
}
