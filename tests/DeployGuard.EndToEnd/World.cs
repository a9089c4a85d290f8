using System.Collections.Concurrent;
using DeployGuard.Rig;

// Tests wait more than they work.
[assembly: LevelOfParallelism(4)]

namespace DeployGuard.EndToEnd;

/// <summary>One real API server for all tests, DeployGuard installed by its chart, two replicas behind haproxy; torn down whatever happens.</summary>
[SetUpFixture]
public class World
{
    private const string CustomKinds = """workloadKinds=[{"group": "example.com", "resource": "robots", "kind": "Robot", "templatePath": "spec.body.template"}]""";

    private static readonly ConcurrentDictionary<string, RunningRig> s_own = [];
    private static readonly ConcurrentBag<string> s_usedElsewhere = [];
    private static RunningRig? s_rig;

    /// <summary>What DeployGuard asked the API servers of those fixtures for that had a world of their own, and have ended.</summary>
    public static IEnumerable<string> UsedElsewhere => s_usedElsewhere;

    /// <summary>Of the fixture that runs: its own, or the one that all others share.</summary>
    public static RunningRig Rig => s_own.GetValueOrDefault(Fixture) ?? s_rig ?? throw new InvalidOperationException("the rig is not up");

    private static string Fixture => TestContext.CurrentContext.Test.ClassName ?? "";

    [OneTimeSetUp]
    public async Task StartAsync() => s_rig = await InstallAsync();

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (s_rig is not null)
        {
            await s_rig.DisposeAsync();
        }
    }

    /// <summary>A world of the fixture's own, until it is disposed: for tests that break theirs. Others go on beside it.</summary>
    /// <param name="chart">Another chart than the one of this repository, such as a former version of it.</param>
    public static async Task<IAsyncDisposable> OfItsOwnAsync(int replicas = 2, string? chart = null)
    {
        var fixture = Fixture;
        return new Own(s_own[fixture] = await InstallAsync(replicas, chart), () => s_own.TryRemove(fixture, out _));
    }

    public static string Manifest(string name) => Path.Combine(AppContext.BaseDirectory, "manifests", name);

    private static async Task<RunningRig> InstallAsync(int replicas = 2, string? chart = null)
    {
        var rig = await RunningRig.StartAsync(await Toolbox.InstallAsync());
        try
        {
            (await rig.Plane.HelmAsync("admin", [.. Installation.HelmArguments(chart ?? rig.Tools.Chart), "--set-json", CustomKinds])).OrFail();
            (await rig.Plane.KubectlAsync("admin", "apply", "-f", Manifest("people.yaml"))).OrFail();
            await BlocksNobodyBeforeItAnswersAsync(rig);
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
    private static async Task BlocksNobodyBeforeItAnswersAsync(RunningRig rig)
    {
        await rig.CreateNamespaceAsync("before");
        (await rig.Plane.KubectlAsync("admin", "create", "deployment", "early", "--image=web:1", "-n", "before")).OrFail();
    }

    private sealed class Own(RunningRig rig, Action forget) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            forget();
            foreach (var right in UsedRights.Read(rig.Plane.AuditLog).Allowed)
            {
                s_usedElsewhere.Add(right);
            }

            await rig.DisposeAsync();
        }
    }
}
