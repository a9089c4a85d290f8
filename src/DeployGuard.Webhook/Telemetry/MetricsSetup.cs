using System.Diagnostics.Metrics;
using System.Reflection;
using OpenTelemetry.Metrics;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>OpenTelemetry with its Prometheus exporter, and views for the buckets and the number of series.</summary>
internal static class MetricsSetup
{
    public const string MeterName = "deployguard";

    /// <summary>
    /// Series per instrument before the SDK sums the rest in one series without labels. Namespaces times kinds times policies are many.
    /// </summary>
    private const int MaxSeries = 20_000;

    /// <summary>Seconds, from one minute to three days: people approve, not machines.</summary>
    private static readonly double[] s_approvalBuckets = [60, 300, 900, 1800, 3600, 14400, 28800, 86400, 259200];

    private static readonly double[] s_buckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    public static string Version { get; } =
        typeof(MetricsSetup).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <param name="otlp">The OTLP endpoint for metrics and traces; null for none.</param>
    public static void AddDeployGuardTelemetry(this IServiceCollection services, Uri? otlp)
    {
        services.AddSingleton(new Meter(MeterName));
        var telemetry = services
            .AddOpenTelemetry()
            .WithMetrics(metrics =>
                metrics
                    .AddMeter(MeterName)
                    .AddView(instrument =>
                        instrument.Name switch
                        {
                            AdmissionTelemetry.DurationInstrument => new ExplicitBucketHistogramConfiguration { Boundaries = s_buckets },
                            EvidenceTelemetry.DurationInstrument => new ExplicitBucketHistogramConfiguration { Boundaries = s_buckets },
                            AdmissionTelemetry.ApprovalWaitInstrument => new ExplicitBucketHistogramConfiguration
                            {
                                Boundaries = s_approvalBuckets,
                            },
                            _ => new MetricStreamConfiguration { CardinalityLimit = MaxSeries },
                        }
                    )
                    .AddPrometheusExporter(options =>
                    {
                        // With one meter and one target, these labels would be the same on every series.
                        options.ScopeInfoEnabled = false;
                        options.TargetInfoEnabled = false;
                    })
            );
        if (otlp is not null)
        {
            telemetry.AddTraces(otlp);
        }
    }

    /// <summary>Metrics about the program itself.</summary>
    public static void AddProgramMetrics(this Meter meter, DecisionLog log)
    {
        meter.CreateObservableGauge(
            "deployguard_build_info",
            () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", Version)),
            description: "Always 1; the label says which build runs."
        );
        meter.CreateObservableCounter(
            "deployguard_decision_log_sampled",
            () => log.SampledOut,
            description: "Lines about allowed requests that were left out of the decision log under a flood."
        );
        meter.CreateObservableCounter(
            "deployguard_decision_log_lost",
            () => log.Lost,
            description: "Lines of the decision log that were dropped because the reader was too slow."
        );
    }
}
