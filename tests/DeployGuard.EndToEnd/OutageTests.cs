using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>The API server is unavailable and returns, etcd compacts its history, and DeployGuard recovers in the same processes.</summary>
public class OutageTests : OwnCluster
{
    private static readonly TimeSpan s_outage = TimeSpan.FromSeconds(60);

    [Test]
    public async Task ReplicasRecoverFromAnApiServerOutageOfAMinute()
    {
        var sandbox = await WithWebRunningAsync();
        var (processes, memory) = (Processes(), Memory());
        var stopped = TimeProvider.System.GetTimestamp();
        TestCluster.Rig.Plane.StopApiServer();
        await Wait.UntilAsync(
            () => Task.FromResult(TimeProvider.System.GetElapsedTime(stopped)),
            away => away >= s_outage,
            "the outage to have lasted",
            seconds: 90
        );
        await TestCluster.Rig.Plane.StartApiServerAsync();

        await AssertInForceAsync(sandbox);
        foreach (var replica in Installation.Replicas)
        {
            await Wait.UntilAsync(
                () => replica.ReadAsync("deployguard_cache_age_seconds"),
                ages => ages.Count > 10 && ages.All(a => a < 60),
                "every cache to be updated again"
            );
        }

        Assert.That(Processes(), Is.EqualTo(processes), "no replica was restarted");
        TestContext.Out.WriteLine($"resident before {string.Join(", ", memory)} MiB, after {string.Join(", ", Memory())} MiB");
        Assert.That(Memory().Max(), Is.LessThan(memory.Max() * 2), "memory did not grow");
    }

    [Test]
    public async Task WatchOfACompactedRevisionIsListedAgain()
    {
        var sandbox = await WithWebRunningAsync();
        var processes = Processes();
        foreach (var replica in Installation.Replicas)
        {
            replica.Daemon.Signal("STOP");
        }

        // The replicas can learn of these changes only from a new list: the API server restarts, and etcd compacts its history.
        var unguarded = "outage-" + sandbox.Namespace;
        (
            await TestCluster.Rig.Plane.KubectlAsync("admin", "create", "configmap", "filler", "-n", "default", "--from-literal=a=b")
        ).OrFail();
        await TestCluster.Rig.CreateNamespaceAsync(unguarded, "tests=guarded");
        TestCluster.Rig.Plane.StopApiServer();
        await TestCluster.Rig.Plane.CompactAsync();
        await TestCluster.Rig.Plane.StartApiServerAsync();
        foreach (var replica in Installation.Replicas)
        {
            replica.Daemon.Signal("CONT");
        }

        await AssertInForceAsync(sandbox);
        await Wait.UntilAsync(
            () =>
                TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    "get",
                    "validatingwebhookconfiguration",
                    "deployguard",
                    "-o",
                    "jsonpath={.webhooks[?(@.name=='workloads.deployguard.io')].namespaceSelector}"
                ),
            run => run.Output.Contains($"\"{unguarded}\"", StringComparison.Ordinal),
            "the namespace created during the outage to be guarded"
        );
        Assert.That(Processes(), Is.EqualTo(processes), "no replica was restarted");
    }

    [Test]
    public async Task AReplicaThatStartsBeforeTheApiServerWaitsForIt()
    {
        var sandbox = await WithWebRunningAsync();
        TestCluster.Rig.Plane.StopApiServer();
        Installation.Replicas[0].Daemon.Kill();
        var starting = Installation.RestartAsync(0);
        await Wait.UntilAsync(
            () => Installation.ReadinessMessageAsync(0),
            why => why.Contains("not in sync", StringComparison.Ordinal),
            "the replica to say what it waits for"
        );
        await TestCluster.Rig.Plane.StartApiServerAsync();

        await starting;
        await AssertInForceAsync(sandbox);
    }

    /// <summary>A new revision is refused for its reason, and a restart passes.</summary>
    private static async Task AssertInForceAsync(Sandbox sandbox)
    {
        await Wait.UntilAsync(
            () => sandbox.SetImageAsync(),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the refusal"
        );
        await Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "rollout", "restart", "deployment/web"),
            run => run.Succeeded,
            "the restart"
        );
    }

    private static List<int> Processes() => [.. Installation.Replicas.Select(r => r.Daemon.Id)];

    private static List<long> Memory() => [.. Installation.Replicas.Select(r => r.Daemon.Memory / 1024 / 1024)];
}
