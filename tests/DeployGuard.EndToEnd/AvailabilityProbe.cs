using System.Text.Json;
using DeployGuard.Chart.Tests;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Looks on while something is done to DeployGuard: a developer elsewhere in the cluster can always create a Deployment, and both webhook
/// configurations always have their entries.
/// </summary>
internal sealed class AvailabilityProbe : IAsyncDisposable
{
    private const string Registrations = "apis/admissionregistration.k8s.io/v1";

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly ApiConnection _admin = ApiConnection.Open(new FileInfo(TestCluster.Rig.Plane.Kubeconfig("admin")));
    private readonly ApiConnection _dana = ApiConnection.Open(new FileInfo(TestCluster.Rig.Plane.Kubeconfig("dana")));
    private readonly string _deployments;
    private readonly Task _probing;
    private readonly List<string> _failures = [];
    private int _probes;

    public AvailabilityProbe(Sandbox elsewhere)
    {
        _deployments = $"apis/apps/v1/namespaces/{elsewhere.Namespace}/deployments?dryRun=All";
        _probing = ProbeAsync();
    }

    /// <summary>Stops looking; fails if anything was wrong at any time, or if nothing was ever looked at.</summary>
    public async Task AssertNoOutageAsync()
    {
        await _stop.CancelAsync();
        await _probing;
        Assert.That(_failures, Is.Empty);
        Assert.That(_probes, Is.GreaterThan(2));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _probing;
        _stop.Dispose();
        _admin.Dispose();
        _dana.Dispose();
    }

    private async Task ProbeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var made = await _dana.WriteAsync(HttpMethod.Post, _deployments, Sandbox.Web("web:1").ToJsonString(), CancellationToken.None);
                await CheckEntriesAsync("validatingwebhookconfigurations");
                await CheckEntriesAsync("mutatingwebhookconfigurations");
                _probes++;
                await Task.Delay(s_pause, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // Enough was seen.
            }
            catch (ApiException refused)
            {
                _failures.Add(refused.Message);
            }
        }
    }

    private async Task CheckEntriesAsync(string resource)
    {
        using var configuration = await _admin.GetAsync($"{Registrations}/{resource}/deployguard", CancellationToken.None);
        if (configuration.RootElement.Maybe("webhooks") is not { ValueKind: JsonValueKind.Array } entries || entries.GetArrayLength() == 0)
        {
            _failures.Add($"{resource}/deployguard has no entries");
        }
    }
}
