using System.Diagnostics.Metrics;
using System.Reflection;
using OpenTelemetry.Metrics;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>OpenTelemetry with its Prometheus exporter, and the two Views that its defaults need.</summary>
internal static class MetricsSetup
{
    public const string MeterName = "deployguard";

    /// <summary>Series per instrument before the SDK folds the rest into one without labels; namespaces times kinds times policies reach far.</summary>
    private const int MostSeries = 20_000;

    private static readonly double[] s_buckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    public static string Version { get; } =
        typeof(MetricsSetup).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static void AddDeployGuardMetrics(this IServiceCollection services)
    {
        services.AddSingleton(new Meter(MeterName));
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(MeterName)
            .AddView(instrument => instrument.Name == Telemetry.DurationInstrument
                ? new ExplicitBucketHistogramConfiguration { Boundaries = s_buckets }
                : new MetricStreamConfiguration { CardinalityLimit = MostSeries })
            .AddPrometheusExporter(options =>
            {
                // One meter and one target: what these would add to every series says nothing.
                options.ScopeInfoEnabled = false;
                options.TargetInfoEnabled = false;
            }));
    }

    /// <summary>What the program says about itself.</summary>
    public static void AddProgramMetrics(this Meter meter, DecisionLog log)
    {
        meter.CreateObservableGauge(
            "deployguard_build_info",
            () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", Version)),
            description: "Always 1; the label says which build runs.");
        meter.CreateObservableCounter("deployguard_decision_log_lost", () => log.Lost, description: "Lines of the decision log that were dropped because nobody read them fast enough.");
    }
}
