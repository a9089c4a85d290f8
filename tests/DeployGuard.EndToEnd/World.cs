using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>One real API server for all tests, DeployGuard installed by its chart, two replicas behind haproxy; torn down whatever happens.</summary>
[SetUpFixture]
public class World
{
    private static RunningRig? s_rig;

    public static RunningRig Rig => s_rig ?? throw new InvalidOperationException("the rig is not up");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var tools = await Toolbox.InstallAsync();
        s_rig = await RunningRig.StartAsync(tools);
        (await Rig.Plane.HelmAsync("admin", Installation.HelmArguments(tools.Chart))).OrFail();
        (await Rig.Plane.KubectlAsync("admin", "apply", "-f", Manifest("people.yaml"))).OrFail();
        await BlocksNobodyBeforeItAnswersAsync();
        await Rig.RunInstalledAsync(replicas: 2);
        (await Rig.Plane.KubectlAsync("admin", "apply", "-f", Manifest("policies.yaml"))).OrFail();
        await Rig.WaitForPermissionAsync("dana", "create", "deployments", "default");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (s_rig is not null)
        {
            await s_rig.DisposeAsync();
        }
    }

    public static string Manifest(string name) => Path.Combine(AppContext.BaseDirectory, "manifests", name);

    /// <summary>Installed, with nothing listening yet: this is when other webhooks lock their cluster up.</summary>
    private static async Task BlocksNobodyBeforeItAnswersAsync()
    {
        await Rig.CreateNamespaceAsync("before");
        (await Rig.Plane.KubectlAsync("admin", "create", "deployment", "early", "--image=web:1", "-n", "before")).OrFail();
    }
}
