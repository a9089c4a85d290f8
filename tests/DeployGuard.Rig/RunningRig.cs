using System.Text.Json;

namespace DeployGuard.Rig;

/// <summary>Control plane, simulated kubelet and DeployGuard together; disposal ends all of them.</summary>
public sealed class RunningRig : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private PodSimulator? _kubelet;

    private RunningRig(Toolbox tools, DirectoryInfo folder, ControlPlane plane) => (Tools, _folder, Plane) = (tools, folder, plane);

    public Toolbox Tools { get; }

    public ControlPlane Plane { get; }

    /// <summary>DeployGuard, once it was installed.</summary>
    public Installation? Installation { get; private set; }

    /// <summary>The containers of pods with this name, which end, fail from now on; or succeed again.</summary>
    public void LetPodsFail(string name, bool fail)
    {
        _ = fail ? _kubelet?.Failing.TryAdd(name, true) : _kubelet?.Failing.TryRemove(name, out _);
    }

    /// <summary>Starts the control plane and its kubelet; nothing of DeployGuard is there yet.</summary>
    /// <exception cref="InvalidOperationException">The webhook is not published.</exception>
    /// <param name="gates">Feature gates as <c>--feature-gates</c> has them; empty for those that are on by default.</param>
    public static async Task<RunningRig> StartAsync(Toolbox tools, string gates = "")
    {
        if (!File.Exists(Toolbox.Webhook))
        {
            throw new InvalidOperationException($"{Toolbox.Webhook} is not there: run make publish first");
        }

        var folder = Directory.CreateTempSubdirectory("deployguard-rig-");
        var rig = new RunningRig(tools, folder, await ControlPlane.StartAsync(tools, folder.FullName, gates));
        rig._kubelet = new PodSimulator(rig.Plane.Kubelet);
        return rig;
    }

    /// <summary>Starts the replicas of the DeployGuard that <c>helm install</c> created.</summary>
    public async Task<Installation> RunInstalledAsync(int replicas)
    {
        Installation = await Installation.ReadAsync(Tools, Plane);
        await Installation.StartAsync(replicas);
        return Installation;
    }

    /// <summary>A namespace as newer servers would label it, with more labels (<c>key=value</c>) if given, and ready for pods.</summary>
    public async Task CreateNamespaceAsync(string name, params IEnumerable<string> labels)
    {
        var all = labels.Prepend($"kubernetes.io/metadata.name={name}").Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]);
        var manifest = JsonSerializer.Serialize(
            new
            {
                apiVersion = "v1",
                kind = "Namespace",
                metadata = new { name, labels = all },
            }
        );
        await Plane.Api.CreateAsync("api/v1/namespaces", manifest);
        await Wait.UntilAsync(
            async () => await Plane.Api.FindAsync($"api/v1/namespaces/{name}/serviceaccounts/default") is not null,
            isThere => isThere,
            $"the service account of namespace {name}"
        );
    }

    /// <summary>Restarts processes that ended unexpectedly, with the same arguments.</summary>
    /// <returns>Each ended process, with its last output; empty if all run.</returns>
    public async Task<IReadOnlyList<string>> RepairAsync() =>
        [.. await Plane.RepairAsync(), .. Installation is null ? [] : await Installation.RepairAsync()];

    /// <summary>Aggregated roles and their bindings take effect a moment after they are written.</summary>
    public Task<Run> WaitForPermissionAsync(string user, string verb, string resource, string @namespace) =>
        Wait.UntilAsync(
            () => Plane.KubectlAsync(user, "auth", "can-i", verb, resource, "-n", @namespace),
            run => run.Succeeded,
            $"permission of {user} to {verb} {resource}"
        );

    /// <summary>Waits until requests about workloads of a namespace are refused while no replica answers.</summary>
    public Task<Run> WaitUntilGuardedAsync(string @namespace) =>
        Wait.UntilAsync(
            () =>
                Plane.KubectlAsync(
                    "admin",
                    "get",
                    "validatingwebhookconfiguration",
                    "deployguard",
                    "-o",
                    "jsonpath={.webhooks[?(@.name=='workloads.deployguard.io')].namespaceSelector}"
                ),
            run => run.Output.Contains($"\"{@namespace}\"", StringComparison.Ordinal),
            $"the Fail entry for namespace {@namespace}"
        );

    public async ValueTask DisposeAsync()
    {
        Installation?.Dispose();
        if (_kubelet is not null)
        {
            await _kubelet.DisposeAsync();
        }

        await Plane.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
