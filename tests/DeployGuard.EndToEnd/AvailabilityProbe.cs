using System.Text.Json;
using DeployGuard.Chart.Tests;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Probes the cluster during an operation on DeployGuard: a developer in another namespace can always create a Deployment, and both webhook
/// configurations always have entries.
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

    /// <summary>Stops probing. Fails if a probe failed, or if there were too few probes.</summary>
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
                using var made = await _dana.WriteAsync(
                    HttpMethod.Post,
                    _deployments,
                    Sandbox.Web("web:1").ToJsonString(),
                    CancellationToken.None
                );
                await CheckEntriesAsync("validatingwebhookconfigurations");
                await CheckEntriesAsync("mutatingwebhookconfigurations");
                _probes++;
                await Task.Delay(s_pause, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The probe was stopped.
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
