using System.Net;
using DeployGuard.Kubernetes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Webhook.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.EndToEnd;

/// <summary>The webhook in this process, in place of the first replica, with a clock that is some days ahead.</summary>
internal sealed class FutureReplica : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ApiConnection _api;
    private readonly WebApplication _app;
    private readonly Task _running;

    private FutureReplica(ApiConnection api, ClusterHost host, WebApplication app) =>
        (_api, _app, _running) = (api, app, host.RunAsync(_stop.Token));

    public static async Task<FutureReplica> StartAsync(TimeSpan ahead)
    {
        var replica = TestCluster.Rig.Installation?.Replicas[0] ?? throw new InvalidOperationException("not installed");
        var options = new WebhookOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, replica.Port),
            MetricsListen = new IPEndPoint(IPAddress.Loopback, replica.MetricsPort),
            Namespace = "deployguard-system",
            ServiceAccount = "deployguard",
            Service = "deployguard",
            Secret = "deployguard-tls",
            WebhookConfiguration = "deployguard",
            Lease = "deployguard-leader",
            TrustedControllers = [],
        };
        var clock = new Clock(ahead);
        var api = ApiConnection.Open(new FileInfo(TestCluster.Rig.Plane.Kubeconfig("deployguard")));
        var host = new ClusterHost(api, options.Cluster, null, clock, NullLogger.Instance);
        var app = WebhookApp.Build(options, host, () => host.Certificate.Current, () => host.NotReady, Stream.Null, clock);
        await app.StartAsync();
        return new FutureReplica(api, host, app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _stop.CancelAsync();
        await _running;
        _api.Dispose();
        _stop.Dispose();
    }

    private sealed class Clock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
    }
}
