using System.Diagnostics;
using DeployGuard.Core.Evaluation;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// A span for every admission, part of the API server's own trace where it traces, and metrics with exemplars that lead to them. Sent by OTLP; without an
/// endpoint nothing of this runs.
/// </summary>
internal static class Traces
{
    /// <summary>The web framework makes the span of a request, and takes the caller's trace on.</summary>
    private const string Source = "Microsoft.AspNetCore";

    public static void AddTraces(this OpenTelemetryBuilder telemetry, Uri endpoint) => telemetry
        .ConfigureResource(resource => resource.AddService("deployguard", serviceVersion: MetricsSetup.Version))
        .WithTracing(traces => traces.AddSource(Source).AddOtlpExporter(options => To(options, endpoint, "v1/traces")))
        .WithMetrics(metrics => metrics.SetExemplarFilter(ExemplarFilterType.TraceBased).AddOtlpExporter(options => To(options, endpoint, "v1/metrics")));

    /// <summary>What was decided, on the span of the request. No names of people, and nothing of the object.</summary>
    public static void Tell(Verdict verdict)
    {
        if (Activity.Current is not { IsAllDataRequested: true } span)
        {
            return;
        }

        var target = verdict.Evaluated.Request.Target;
        span.SetTag("k8s.namespace.name", target.Namespace);
        span.SetTag("deployguard.kind", target.Kind);
        span.SetTag("deployguard.name", target.Name);
        span.SetTag("deployguard.meaning", verdict.Evaluated.ChangeType.ToString());
        span.SetTag("deployguard.decision", verdict.IsAllowed ? "allowed" : "denied");
        span.SetTag("deployguard.reasons", string.Join(',', verdict.Denials.Select(d => d.Finding.Reason).Distinct()));
    }

    /// <summary>What was let in and could not be made known to others.</summary>
    public static void TellUnnoted(string why) => Activity.Current?.AddEvent(new ActivityEvent("not made known to others", tags: new ActivityTagsCollection { ["why"] = why }));

    /// <summary>4317 is gRPC's port by custom; anywhere else it is HTTP, whose exporters want the whole path.</summary>
    private static void To(OtlpExporterOptions options, Uri endpoint, string path)
    {
        var isGrpc = endpoint.Port == 4317;
        options.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = isGrpc ? endpoint : new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
    }
}
