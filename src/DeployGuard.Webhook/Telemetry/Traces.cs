using System.Diagnostics;
using DeployGuard.Core.Evaluation;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// A span for every admission, as a part of the API server's trace if there is one, and metrics with exemplars that link to the traces.
/// Sent by OTLP; without an endpoint none of this runs.
/// </summary>
internal static class Traces
{
    /// <summary>ASP.NET Core creates the span of a request and continues the trace of the caller.</summary>
    private const string Source = "Microsoft.AspNetCore";

    public static void AddTraces(this OpenTelemetryBuilder telemetry, Uri endpoint) =>
        telemetry
            .ConfigureResource(resource => resource.AddService("deployguard", serviceVersion: MetricsSetup.Version))
            .WithTracing(traces => traces.AddSource(Source).AddOtlpExporter(options => To(options, endpoint, "v1/traces")))
            .WithMetrics(metrics =>
                metrics.SetExemplarFilter(ExemplarFilterType.TraceBased).AddOtlpExporter(options => To(options, endpoint, "v1/metrics"))
            );

    /// <summary>Adds the decision to the span of the request. Neither names of people nor contents of the object.</summary>
    public static void TagSpan(Verdict verdict)
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

    /// <summary>Adds an event: the request was admitted, and its pending exposure could not be published to the other replicas.</summary>
    public static void AddUnpublished(string why) =>
        Activity.Current?.AddEvent(new ActivityEvent("not made known to others", tags: new ActivityTagsCollection { ["why"] = why }));

    /// <summary>Port 4317 is gRPC by convention. Any other port is HTTP, which needs the whole path.</summary>
    private static void To(OtlpExporterOptions options, Uri endpoint, string path)
    {
        var isGrpc = endpoint.Port == 4317;
        options.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = isGrpc ? endpoint : new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
    }
}
