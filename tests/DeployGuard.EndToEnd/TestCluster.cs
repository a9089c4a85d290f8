using System.Collections.Concurrent;
using DeployGuard.Core.Workloads;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>The shared cluster of all tests: a real API server, DeployGuard installed by its chart, two replicas behind haproxy.</summary>
[SetUpFixture]
public class TestCluster
{
    private const string CustomKinds =
        """workloadKinds=[{"group": "example.com", "resource": "robots", "kind": "Robot", "templatePath": "spec.body.template"}]""";

    /// <summary>The maximum number of keys, so that the matchConditions cost as much as they can.</summary>
    private static readonly string s_noise =
        $"templateNoise.restartAnnotations=[\"rollme\"{string.Concat(Enumerable.Range(1, NoiseKey.MaxKeys - 1).Select(i => $", \"example.com/restarted-by-{i}\""))}]";

    /// <summary>Values that previous charts do not have.</summary>
    private static readonly string[] s_values =
    [
        "--set-json",
        s_noise,
        "--set-json",
        """trustedControllerPresets=["kueue@queues"]""",
        "--set",
        "originSecrets=true",
    ];

    private static readonly SemaphoreSlim s_room = new(Machine.MaxClusters);
    private static readonly SemaphoreSlim s_repair = new(1);
    private static readonly ConcurrentDictionary<string, RunningRig> s_own = [];
    private static readonly ConcurrentBag<string> s_usedInOwnClusters = [];
    private static RunningRig? s_rig;

    /// <summary>Permissions that DeployGuard used in clusters of single fixtures that have ended.</summary>
    public static IEnumerable<string> UsedInOwnClusters => s_usedInOwnClusters;

    /// <summary>The rig of the running fixture: its own, or the shared one.</summary>
    public static RunningRig Rig => s_own.GetValueOrDefault(Fixture) ?? s_rig ?? throw new InvalidOperationException("the rig is not up");

    /// <summary>Whether the running fixture has a cluster of its own.</summary>
    public static bool IsOwn => s_own.ContainsKey(Fixture);

    private static string Fixture => TestContext.CurrentContext.Test.ClassName ?? "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        await s_room.WaitAsync();
        var version = (await Toolbox.InstallAsync()).Kubernetes;
        await TestContext.Progress.WriteLineAsync(
            $"Kubernetes {version}, {Machine.MaxClusters} clusters and {Machine.TestSlots} tests at a time"
        );
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
    /// Starts a cluster for one fixture, once there is room for it, until it is disposed: for tests that damage it. Other tests run at
    /// the same time.
    /// </summary>
    /// <param name="replicas">Replicas of DeployGuard, installed by the chart; none for an empty cluster.</param>
    /// <param name="chart">A chart other than that of this repository, such as a previous version.</param>
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
    /// Repairs the cluster of the running fixture if one of its processes ended unexpectedly. It reports the process, the time and its last
    /// output. The running test may fail because of it; later tests do not.
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
                var message = $"DAMAGED {when}, and repaired: the cluster of {(IsOwn ? Fixture : "all")}: {exitReport}";
                await TestContext.Out.WriteLineAsync(message);
                await TestContext.Progress.WriteLineAsync(message);
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
            (
                await rig.Plane.HelmAsync(
                    "admin",
                    [.. Installation.HelmArguments(chart ?? Toolbox.Chart), "--set-json", CustomKinds, .. chart is null ? s_values : []]
                )
            ).OrFail();
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

    /// <summary>After the installation and before a replica listens, requests must pass.</summary>
    private static async Task AssertNothingIsBlockedBeforeReplicasStartAsync(RunningRig rig)
    {
        await rig.CreateNamespaceAsync("before");
        (await rig.Plane.KubectlAsync("admin", "create", "deployment", "early", "--image=web:1", "-n", "before")).OrFail();
    }

    /// <summary>The cluster of one fixture.</summary>
    internal sealed class OwnedCluster(string fixture, Func<Task<RunningRig>> start) : IAsyncDisposable
    {
        public async Task MakeAsync() => s_own[fixture] = await start();

        /// <summary>Stops the cluster and starts another.</summary>
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
