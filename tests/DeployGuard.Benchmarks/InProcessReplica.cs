using System.Net;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Decisions;
using DeployGuard.Kubernetes.LiveReads;
using DeployGuard.Kubernetes.Reservations;
using DeployGuard.Rig;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Benchmarks;

/// <summary>
/// A replica in this process with filled caches. It listens, but is asked directly: Kestrel and TLS are not in what is measured.
/// </summary>
internal sealed class InProcessReplica : IAsyncDisposable
{
    private readonly FakeApi _api;
    private readonly CancellationTokenSource _stop;
    private readonly Task _running;
    private readonly WebApplication _app;

    private InProcessReplica(FakeApi api, CancellationTokenSource stop, Task running, WebApplication app) =>
        (_api, _stop, _running, _app) = (api, stop, running, app);

    public IServiceProvider Services => _app.Services;

    /// <param name="answer">What the API server answers to a list: see <see cref="FakeApi.StartAsync"/>.</param>
    /// <param name="withPods">The namespaces whose pods are watched.</param>
    public static async Task<InProcessReplica> StartAsync(Func<string[], IQueryCollection, string> answer, IReadOnlyList<string> withPods)
    {
        var api = await FakeApi.StartAsync(answer);
        var stop = new CancellationTokenSource();
        var caches = new ClusterCaches(api.Connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        var running = Task.WhenAll(caches.All.Select(c => c.RunAsync(stop.Token)));
        await UntilAsync(() => caches.All.All(c => c.IsSynced));
        caches.Pods.Follow(withPods.ToHashSet(), stop.Token);
        await UntilAsync(() => withPods.All(n => caches.Pods.Of(n) is not null));
        var app = Compose(caches, api);
        await app.StartAsync();
        return new InProcessReplica(api, stop, running, app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _stop.CancelAsync();
        await Task.WhenAny(_running);
        await _api.DisposeAsync();
        _stop.Dispose();
    }

    private static WebApplication Compose(ClusterCaches caches, FakeApi api)
    {
        var options = new WebhookOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, Ports.Free()),
            MetricsListen = new IPEndPoint(IPAddress.Loopback, Ports.Free()),
            Namespace = "deployguard-system",
            ServiceAccount = "deployguard",
            Service = "deployguard",
            Secret = "deployguard-tls",
            WebhookConfiguration = "deployguard",
            Lease = "deployguard-leader",
            TrustedControllers = [],
        };
        var live = new LiveFacts(api.Connection, caches.Translation, WorkloadReader.Default);
        var budgets = new BudgetReservations(
            api.Connection,
            caches,
            new RecentObjects(api.Connection, caches),
            options.Cluster,
            TimeProvider.System
        );
        var access = new SnapshotAccess(new SnapshotSource(caches, live, budgets));
        // What is measured is what one thread does.
        return WebhookApp.Build(
            options,
            access,
            () => null,
            () => [],
            Stream.Null,
            TimeProvider.System,
            costly: new CostlyDecisions(threads: 0)
        );
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
