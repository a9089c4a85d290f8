using System.Diagnostics.Metrics;
using DeployGuard.Kubernetes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Manifests;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Hosting;

/// <summary>The two ways to run: with a cluster and without. Each method lists its parts from top to bottom.</summary>
internal static class Programs
{
    public static async Task<int> RunInClusterAsync(WebhookOptions options, CancellationToken cancel)
    {
        using var logging = Logs.Create(options.Log);
        var time = TimeProvider.System;
        using var shutdown = new Shutdown(time);
        using var files = options.Tls is { } tls ? Files(tls, time, logging) : null;
        using var api = ApiConnection.Open(options.Kubeconfig);
        var cluster = new ClusterHost(api, options.Cluster, files, time, logging.CreateLogger("cluster"));
        // No client trusts it, but the kubelet's probes do not verify certificates. They can thus report what is missing while the API
        // server is away.
        var temporary = NewCertificate.For(["localhost"], time.GetUtcNow()).LoadToServe(time.GetUtcNow());
        await using var decisions = Logs.StandardOutput();
        var rehearsal = new Rehearsal(options, time, logging.CreateLogger("rehearsal"));
        await using var app = WebhookApp.Build(
            options,
            cluster,
            () => cluster.Certificate.Current ?? temporary,
            () => rehearsal.IsDone ? cluster.NotReady : ["rehearsing", .. cluster.NotReady],
            decisions,
            time,
            shutdown
        );
        app.Services.GetRequiredService<Meter>().AddClusterGauges(cluster.Report, cluster.Certificate);
        return await RunAsync(
            app,
            shutdown,
            async stop =>
            {
                // Beside the caches, which wait for the network most of the time.
                _ = Task.Run(() => rehearsal.RunAsync(stop), stop);
                await cluster.RunAsync(stop);
            },
            cancel
        );
    }

    public static async Task<int> RunStandaloneAsync(WebhookOptions options, DirectoryInfo folder, CancellationToken cancel)
    {
        using var logging = Logs.Create(options.Log);
        var time = TimeProvider.System;
        using var shutdown = new Shutdown(time);
        var policies = new PolicyFolder(folder.FullName, time, logging.CreateLogger("policies"));
        using var files = options.Tls is { } tls ? Files(tls, time, logging) : null;
        var own = files is null ? NewCertificate.For(["localhost"], time.GetUtcNow()).LoadToServe(time.GetUtcNow()) : null;
        await using var decisions = Logs.StandardOutput();
        await using var app = WebhookApp.Build(
            options,
            new StandaloneAccess(() => policies.Policies),
            () => files?.Current ?? own,
            () => [],
            decisions,
            time,
            shutdown
        );
        return await RunAsync(
            app,
            shutdown,
            stop => Task.WhenAll(policies.RunAsync(stop), files?.RunAsync(stop) ?? Task.CompletedTask),
            cancel
        );
    }

    private static FileCertificate Files(TlsFiles tls, TimeProvider time, ILoggerFactory logging) =>
        new(tls.Certificate.FullName, tls.Key.FullName, tls.Ca.FullName, time, logging.CreateLogger("certificate"));

    /// <summary>Serves until a signal; the background work ends after the last request.</summary>
    private static async Task<int> RunAsync(
        WebApplication app,
        Shutdown shutdown,
        Func<CancellationToken, Task> background,
        CancellationToken cancel
    )
    {
        using var stop = new CancellationTokenSource();
        await app.StartAsync(cancel);
        var running = background(stop.Token);
        // If the background work fails, the program must not continue to serve without it.
        await Task.WhenAny(shutdown.Requested, running);
        await app.StopAsync(CancellationToken.None);
        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // This is the requested end.
        }

        return 0;
    }
}
