using System.Net.Security;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Records;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace DeployGuard.Webhook.Hosting;

/// <summary>Kestrel's two ports and what is served on which: the API server's calls over TLS, metrics without.</summary>
internal static class AdmissionServer
{
    /// <param name="clients">Who signs the certificates of callers; null to ask for none.</param>
    /// <param name="certificate">Asked at every handshake, so that a renewed certificate is served without a restart; null until there is one.</param>
    public static void ListenFor(this KestrelServerOptions kestrel, WebhookOptions options, ClientAuthority? clients, Func<SslStreamCertificateContext?> certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = ReviewBody.MaxBytes;
        // An API server sends at once what it sends; whoever trickles holds the memory that others need.
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 100 * 1024, gracePeriod: TimeSpan.FromSeconds(2));
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Listen(options.Listen, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificateSelector = (_, _) => certificate()?.TargetCertificate,
            // Allowed, not required: the kubelet's probes have none. What is presented must be good.
            ClientCertificateMode = clients is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (presented, _, _) => clients?.Signed(presented) ?? false,
            OnAuthenticate = (_, tls) =>
            {
                tls.EncryptionPolicy = EncryptionPolicy.RequireEncryption;
                if (certificate() is { } served)
                {
                    // With its intermediates, which a selector cannot hand out.
                    (tls.ServerCertificateSelectionCallback, tls.ServerCertificateContext) = (null, served);
                }
            },
        }));
        kestrel.Listen(options.MetricsListen);
    }

    /// <param name="notReady">Why decisions cannot be made now; empty when they can.</param>
    /// <param name="needsClientCertificate">Admission is answered to callers with a certificate alone.</param>
    /// <param name="isLeaving">Whoever is answered is told not to send more on this connection.</param>
    public static void Serve(this WebApplication app, bool needsClientCertificate, Func<IReadOnlyList<string>> notReady, Func<bool> isLeaving)
    {
        app.Use((context, next) =>
        {
            // API servers keep connections of HTTP/1.1, and do not repeat a POST that met the end of one. HTTP/2 says goodbye by itself.
            if (HttpProtocol.IsHttp11(context.Request.Protocol) && isLeaving())
            {
                context.Response.Headers.Connection = "close";
            }

            return next(context);
        });

        RequestDelegate ForKnown(RequestDelegate handle) => context =>
            needsClientCertificate && context.Connection.ClientCertificate is null ? TurnAway(context) : handle(context);

        app.MapWhen(context => context.Request.IsHttps, tls => tls.UseRouting().UseEndpoints(endpoints =>
        {
            endpoints.MapPost("/admit/workloads", ForKnown(app.Services.GetRequiredService<AdmissionEndpoint>().HandleAsync));
            endpoints.MapPost("/admit/records", ForKnown(app.Services.GetRequiredService<RecordsEndpoint>().HandleAsync));
            endpoints.MapPost("/stamp", ForKnown(app.Services.GetRequiredService<StampEndpoint>().HandleAsync));
            endpoints.MapGet("/livez", context => context.Response.WriteAsync("ok\n"));
            endpoints.MapGet("/readyz", context => AnswerReadiness(context, notReady()));
        }));
        app.UseOpenTelemetryPrometheusScrapingEndpoint();
    }

    private static Task TurnAway(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("deployguard: a client certificate is needed here; the API server presents one if its AdmissionConfiguration names a kubeconfig for webhooks\n");
    }

    private static Task AnswerReadiness(HttpContext context, IReadOnlyList<string> notReady)
    {
        context.Response.StatusCode = notReady.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(notReady.Count == 0 ? "ok\n" : $"not ready: {string.Join(", ", notReady)}\n");
    }
}
