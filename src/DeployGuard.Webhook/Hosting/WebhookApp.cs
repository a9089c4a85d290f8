using System.Diagnostics.Metrics;
using System.Net.Security;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;
using DeployGuard.Statements;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Lookups;
using DeployGuard.Webhook.Records;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Hosting;

/// <summary>Composes the web application, with a cluster or without.</summary>
internal static class WebhookApp
{
    /// <summary>Time for the requests in progress: an API server waits no longer than this for an answer.</summary>
    private static readonly TimeSpan s_finish = TimeSpan.FromSeconds(10);

    /// <param name="certificate">Returns the certificate to serve now; null until there is one.</param>
    /// <param name="notReady">Returns the reasons why this replica is not ready; empty if it is.</param>
    /// <exception cref="Kubernetes.Certificates.CertificateProblemException">The file of the client CA cannot be used.</exception>
    public static WebApplication Build(
        WebhookOptions options,
        IClusterAccess cluster,
        Func<SslStreamCertificateContext?> certificate,
        Func<IReadOnlyList<string>> notReady,
        Stream decisions,
        TimeProvider time,
        Shutdown? shutdown = null,
        CostlyDecisions? costly = null
    )
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
        services.AddSingleton<CostlyDecisions>(_ => costly ?? new CostlyDecisions());
        services.AddSingleton<BodyMemoryLimiter>(_ => new BodyMemoryLimiter());
        services.AddSingleton(time);
        if (shutdown is not null)
        {
            services.AddSingleton<IHostLifetime>(shutdown);
        }

        services.AddSingleton(cluster);
        services.AddSingleton(options.Cluster.Trusted);
        services.AddSingleton(SafeguardList.Evaluator(options.Cluster.Trusted));
        services.AddSingleton<EvidenceTelemetry>();
        services.AddSingleton(provider => new RegistryLookups(
            cluster.Secrets,
            options.RegistryProxy,
            provider.GetRequiredService<EvidenceTelemetry>(),
            time
        ));
        services.AddSingleton(new TrustedKeySets(cluster.Secrets));
        services.AddSingleton<EvidenceReader>();
        services.AddSingleton<DecisionPipeline>();
        services.AddSingleton(new RequestReader(options.Cluster.Reader));
        services.AddSingleton(kinds);
        services.AddSingleton(new RecordRules(options.Self));
        services.AddSingleton<PolicyRules>();
        services.AddSingleton(new DecisionLog(decisions, time));
        services.AddHostedService(provider => provider.GetRequiredService<DecisionLog>());
        // Stopped before the decision log, in which it then writes what still waits.
        services.AddSingleton<RecordLog>();
        services.AddHostedService(provider => provider.GetRequiredService<RecordLog>());
        services.AddSingleton<RetryDeduplicator>();
        services.AddSingleton<AdmissionTelemetry>();
        services.AddSingleton<AdmissionEndpoint>();
        services.AddSingleton<RecordsEndpoint>();
        services.AddSingleton<StampEndpoint>();

        var app = builder.Build();
        app.Services.GetRequiredService<Meter>().AddProgramMetrics(app.Services.GetRequiredService<DecisionLog>());
        // The exporter must listen first, or the zeros are lost.
        app.Lifetime.ApplicationStarted.Register(app.Services.GetRequiredService<AdmissionTelemetry>().InitializeCounters);
        app.Serve(
            clients is not null,
            () => shutdown is { IsDraining: true } ? ["draining"] : notReady(),
            () => shutdown is { IsDraining: true }
        );
        return app;
    }
}
