using System.Collections.Concurrent;
using DeployGuard.Core.Workloads;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>One real API server for all tests, DeployGuard installed by its chart, two replicas behind haproxy; torn down whatever happens.</summary>
[SetUpFixture]
public class TestCluster
{
    private const string CustomKinds = """workloadKinds=[{"group": "example.com", "resource": "robots", "kind": "Robot", "templatePath": "spec.body.template"}]""";

    /// <summary>As many keys as may be given, so that what the API server is told of them costs as much as it can.</summary>
    private static readonly string s_noise =
        $"templateNoise.restartAnnotations=[\"rollme\"{string.Concat(Enumerable.Range(1, NoiseKey.MaxKeys - 1).Select(i => $", \"example.com/restarted-by-{i}\""))}]";

    /// <summary>Values that former charts do not have.</summary>
    private static readonly string[] s_values = ["--set-json", s_noise, "--set-json", """trustedControllerPresets=["kueue@queues"]"""];

    private static readonly SemaphoreSlim s_room = new(Machine.MaxClusters);
    private static readonly SemaphoreSlim s_repair = new(1);
    private static readonly ConcurrentDictionary<string, RunningRig> s_own = [];
    private static readonly ConcurrentBag<string> s_usedInOwnClusters = [];
    private static RunningRig? s_rig;

    /// <summary>What DeployGuard asked the API servers of those fixtures for that had a world of their own, and have ended.</summary>
    public static IEnumerable<string> UsedInOwnClusters => s_usedInOwnClusters;

    /// <summary>Of the fixture that runs: its own, or the one that all others share.</summary>
    public static RunningRig Rig => s_own.GetValueOrDefault(Fixture) ?? s_rig ?? throw new InvalidOperationException("the rig is not up");

    /// <summary>Whether the fixture that runs has a world of its own.</summary>
    public static bool IsOwn => s_own.ContainsKey(Fixture);

    private static string Fixture => TestContext.CurrentContext.Test.ClassName ?? "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        await s_room.WaitAsync();
        var version = (await Toolbox.InstallAsync()).Kubernetes;
        await TestContext.Progress.WriteLineAsync($"Kubernetes {version}, {Machine.MaxClusters} worlds and {Machine.TestSlots} tests at a time");
        s_rig = await InstallAsync(2, null, "");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (s_rig is not null)
        {
            await s_rig.DisposeAsync();
        }
    }

    /// <summary>
    /// A world of the fixture's own, once there is room for one, until it is disposed: for tests that break theirs. Others go on beside it.
    /// </summary>
    /// <param name="replicas">How many of DeployGuard, installed by the chart; none for an empty world.</param>
    /// <param name="chart">Another chart than the one of this repository, such as a former version of it.</param>
    /// <param name="gates">Feature gates of the control plane that are off by default; empty for none.</param>
    internal static async Task<OwnedCluster> StartOwnAsync(int replicas, string? chart, string gates)
    {
        var world = new OwnedCluster(Fixture, () => replicas == 0 ? EmptyAsync(gates) : InstallAsync(replicas, chart, gates));
        await s_room.WaitAsync();
        try
        {
            using var slot = await TestSlots.TakeAsync(first: true);
            await world.MakeAsync();
            return world;
        }
        catch
        {
            s_room.Release();
            throw;
        }
    }

    /// <summary>
    /// Makes the world of the fixture that runs whole again if it is damaged: if a program of it ended that nobody ended. It says which, and
    /// when, and the last the program said; the test that runs then may fail of it, and its neighbours need not.
    /// </summary>
    internal static async Task RepairAsync(string when)
    {
        if ((s_own.GetValueOrDefault(Fixture) ?? s_rig) is not { } rig)
        {
            return;
        }

        await s_repair.WaitAsync();
        try
        {
            foreach (var exitReport in await rig.RepairAsync())
            {
                var told = $"DAMAGED {when}, and made whole again: the world of {(IsOwn ? Fixture : "all")}: {exitReport}";
                await TestContext.Out.WriteLineAsync(told);
                await TestContext.Progress.WriteLineAsync(told);
            }
        }
        finally
        {
            s_repair.Release();
        }
    }

    public static string Manifest(string name) => Path.Combine(AppContext.BaseDirectory, "manifests", name);

    private static async Task<RunningRig> EmptyAsync(string gates) => await RunningRig.StartAsync(await Toolbox.InstallAsync(), gates);

    private static async Task<RunningRig> InstallAsync(int replicas, string? chart, string gates)
    {
        var rig = await EmptyAsync(gates);
        try
        {
            (await rig.Plane.HelmAsync("admin", [.. Installation.HelmArguments(chart ?? Toolbox.Chart), "--set-json", CustomKinds, .. chart is null ? s_values : []])).OrFail();
            (await rig.Plane.KubectlAsync("admin", "apply", "-f", Manifest("people.yaml"))).OrFail();
            await AssertNothingIsBlockedBeforeReplicasStartAsync(rig);
            await rig.RunInstalledAsync(replicas);
            (await rig.Plane.KubectlAsync("admin", "apply", "-f", Manifest("policies.yaml"))).OrFail();
            await rig.WaitForPermissionAsync("dana", "create", "deployments", "default");
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>Installed, with nothing listening yet: this is when other webhooks lock their cluster up.</summary>
    private static async Task AssertNothingIsBlockedBeforeReplicasStartAsync(RunningRig rig)
    {
        await rig.CreateNamespaceAsync("before");
        (await rig.Plane.KubectlAsync("admin", "create", "deployment", "early", "--image=web:1", "-n", "before")).OrFail();
    }

    /// <summary>The world of a fixture, for as long as the fixture has room for one.</summary>
    internal sealed class OwnedCluster(string fixture, Func<Task<RunningRig>> start) : IAsyncDisposable
    {
        public async Task MakeAsync() => s_own[fixture] = await start();

        /// <summary>Another in its place.</summary>
        public async Task ReplaceAsync()
        {
            await EndAsync();
            await MakeAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await EndAsync();
            s_room.Release();
        }

        private async Task EndAsync()
        {
            if (s_own.TryRemove(fixture, out var rig))
            {
                foreach (var right in UsedPermissions.Read(rig.Plane.AuditLog).Allowed)
                {
                    s_usedInOwnClusters.Add(right);
                }

                await rig.DisposeAsync();
            }
        }
    }
}
