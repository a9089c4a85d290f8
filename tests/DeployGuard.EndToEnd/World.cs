using DeployGuard.Rig;

// Tests wait more than they work.
[assembly: LevelOfParallelism(4)]

namespace DeployGuard.EndToEnd;

/// <summary>One real API server for all tests, DeployGuard installed by its chart, two replicas behind haproxy; torn down whatever happens.</summary>
[SetUpFixture]
public class World
{
    private const string CustomKinds = """workloadKinds=[{"group": "example.com", "resource": "robots", "kind": "Robot", "templatePath": "spec.body.template"}]""";

    private static RunningRig? s_rig;

    public static RunningRig Rig => s_rig ?? throw new InvalidOperationException("the rig is not up");

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

    /// <summary>Another world in the place of the shared one, until it is disposed: for tests that break theirs.</summary>
    /// <param name="chart">Another chart than the one of this repository, such as a former version of it.</param>
    public static async Task<IAsyncDisposable> OfItsOwnAsync(int replicas = 2, string? chart = null)
    {
        var shared = s_rig;
        var own = await InstallAsync(replicas, chart);
        s_rig = own;
        return new Restore(own, () => s_rig = shared);
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

    private sealed class Restore(RunningRig rig, Action restore) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            restore();
            await rig.DisposeAsync();
        }
    }
}
