using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>The control plane goes away and comes back, forgets its history, and DeployGuard goes on as if nothing had been, in the same processes.</summary>
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
        await Wait.UntilAsync(() => Task.FromResult(TimeProvider.System.GetElapsedTime(stopped)), away => away >= s_outage, "the outage to have lasted", seconds: 90);
        await TestCluster.Rig.Plane.StartApiServerAsync();

        await AssertInForceAsync(sandbox);
        foreach (var replica in Installation.Replicas)
        {
            await Wait.UntilAsync(() => replica.ReadAsync("deployguard_cache_age_seconds"), ages => ages.Count > 10 && ages.All(a => a < 60), "every cache to hear of the API server again");
        }

        Assert.That(Processes(), Is.EqualTo(processes), "nobody was restarted");
        TestContext.Out.WriteLine($"resident before {string.Join(", ", memory)} MiB, after {string.Join(", ", Memory())} MiB");
        Assert.That(Memory().Max(), Is.LessThan(memory.Max() * 2), "nothing piled up");
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

        // What happens now they can only learn from a new list: the API server that remembers is gone, and etcd forgets.
        var unguarded = "outage-" + sandbox.Namespace;
        (await TestCluster.Rig.Plane.KubectlAsync("admin", "create", "configmap", "filler", "-n", "default", "--from-literal=a=b")).OrFail();
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
            () => TestCluster.Rig.Plane.KubectlAsync("admin", "get", "validatingwebhookconfiguration", "deployguard", "-o", "jsonpath={.webhooks[?(@.name=='workloads.deployguard.io')].namespaceSelector}"),
            run => run.Output.Contains($"\"{unguarded}\"", StringComparison.Ordinal),
            "the namespace that was made meanwhile to be guarded");
        Assert.That(Processes(), Is.EqualTo(processes), "nobody was restarted");
    }

    [Test]
    public async Task AReplicaThatStartsBeforeTheApiServerWaitsForIt()
    {
        var sandbox = await WithWebRunningAsync();
        TestCluster.Rig.Plane.StopApiServer();
        Installation.Replicas[0].Daemon.Kill();
        var starting = Installation.RestartAsync(0);
        await Wait.UntilAsync(() => Installation.ReadinessMessageAsync(0), why => why.Contains("not in sync", StringComparison.Ordinal), "the replica to say what it waits for");
        await TestCluster.Rig.Plane.StartApiServerAsync();

        await starting;
        await AssertInForceAsync(sandbox);
    }

    /// <summary>What must be refused is refused for its reason, and what must pass passes.</summary>
    private static async Task AssertInForceAsync(Sandbox sandbox)
    {
        await Wait.UntilAsync(() => sandbox.SetImageAsync(), run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal), "the refusal");
        await Wait.UntilAsync(() => sandbox.KubectlAsync("dana", "rollout", "restart", "deployment/web"), run => run.Succeeded, "the restart");
    }

    private static List<int> Processes() => [.. Installation.Replicas.Select(r => r.Daemon.Id)];

    private static List<long> Memory() => [.. Installation.Replicas.Select(r => r.Daemon.Memory / 1024 / 1024)];
}
