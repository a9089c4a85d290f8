using System.Diagnostics.Metrics;
using System.Net.Security;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Records;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Hosting;

/// <summary>Puts the parts together into one web application, with a cluster behind it or without.</summary>
internal static class WebhookApp
{
    /// <summary>What is in flight when we stop has its answer by then: the API server itself waits no longer.</summary>
    private static readonly TimeSpan s_finish = TimeSpan.FromSeconds(10);

    /// <param name="certificate">The certificate to serve now; null until there is one.</param>
    /// <param name="notReady">Why decisions cannot be made now; empty when they can.</param>
    /// <exception cref="Kubernetes.Certificates.CertificateProblemException">The CA of the callers cannot be used.</exception>
    public static WebApplication Build(
        WebhookOptions options, IClusterAccess cluster, Func<SslStreamCertificateContext?> certificate, Func<IReadOnlyList<string>> notReady, Stream decisions, TimeProvider time, Shutdown? shutdown = null)
    {
        var clients = options.ClientCa is { } file ? ClientAuthority.Read(file) : null;
        var builder = WebApplication.CreateSlimBuilder();
        Logs.Configure(builder.Logging, options.Log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenFor(options, clients, certificate));

        var services = builder.Services;
        var kinds = WorkloadKinds.With(options.CustomKinds);
        services.AddDeployGuardTelemetry(options.Otlp);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = s_finish);
        services.AddSingleton<ConcurrencyLimiter>(_ => new ConcurrencyLimiter());
        services.AddSingleton<BodyMemoryLimiter>(_ => new BodyMemoryLimiter());
        services.AddSingleton(time);
        if (shutdown is not null)
        {
            services.AddSingleton<IHostLifetime>(shutdown);
        }

        services.AddSingleton(cluster);
        services.AddSingleton(options.Cluster.Trusted);
        services.AddSingleton(SafeguardList.Evaluator(options.Cluster.Trusted));
        services.AddSingleton<DecisionPipeline>();
        services.AddSingleton(new RequestReader(options.Cluster.Reader));
        services.AddSingleton(kinds);
        services.AddSingleton(new RecordRules(options.Self));
        services.AddSingleton(new DecisionLog(decisions, time));
        services.AddHostedService(provider => provider.GetRequiredService<DecisionLog>());
        services.AddSingleton<RetryDeduplicator>();
        services.AddSingleton<Telemetry.Telemetry>();
        services.AddSingleton<AdmissionEndpoint>();
        services.AddSingleton<RecordsEndpoint>();
        services.AddSingleton<StampEndpoint>();

        var app = builder.Build();
        app.Services.GetRequiredService<Meter>().AddProgramMetrics(app.Services.GetRequiredService<DecisionLog>());
        // Not before somebody listens to what is counted.
        app.Lifetime.ApplicationStarted.Register(app.Services.GetRequiredService<Telemetry.Telemetry>().Begin);
        app.Serve(clients is not null, () => shutdown is { IsDraining: true } ? ["draining"] : notReady(), () => shutdown is { IsDraining: true });
        return app;
    }
}
