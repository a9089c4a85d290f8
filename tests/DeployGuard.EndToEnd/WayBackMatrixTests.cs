using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Every way back, under everything that could close it. Nobody approves anything here.</summary>
[TestFixtureSource(typeof(WayBackCondition), nameof(WayBackCondition.All))]
public class WayBackMatrixTests(WayBackCondition condition)
{
    private Sandbox? _sandbox;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var sandbox = await UnguardedAsync();
        _sandbox = sandbox;
        foreach (var manifest in (System.Text.Json.Nodes.JsonObject[])[Web(V1), WayBackWorkloads.StatefulSet(V1), WayBackWorkloads.CronJob, WayBackWorkloads.Job])
        {
            (await sandbox.ApplyAsync("admin", manifest)).OrFail();
        }

        (await sandbox.KubectlAsync("admin", "rollout", "status", "statefulset/db", "--timeout=60s")).OrFail();
        (await sandbox.ApplyAsync("admin", WayBackWorkloads.StatefulSet(V2))).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "deployment/web", "--timeout=60s")).OrFail();
        await sandbox.GuardAsync("guarded");
        await WayBackTests.ApprovedAsync(sandbox, V2);
        await condition.ApplyAsync(sandbox);
    }

    [OneTimeTearDown]
    public Task StopAsync() => _sandbox is null ? Task.CompletedTask : condition.EndAsync(_sandbox);

    /// <summary>The cases run in this order, on one namespace: each leaves to the next what it needs.</summary>
    [TestCaseSource(typeof(WayBackWays), nameof(WayBackWays.InOrder))]
    public async Task IsOpen(WayBackWay way) => await way.GoAsync(_sandbox ?? throw new InvalidOperationException("no sandbox"));
}
