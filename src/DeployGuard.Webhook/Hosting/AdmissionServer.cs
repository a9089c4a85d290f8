using System.Net.Security;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Records;
using DeployGuard.Webhook.Reviews;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace DeployGuard.Webhook.Hosting;

/// <summary>Kestrel's two ports: calls of the API server over TLS, and metrics without TLS.</summary>
internal static class AdmissionServer
{
    /// <param name="clients">The CA of client certificates; null to request none.</param>
    /// <param name="certificate">Called at every handshake, so that a renewed certificate is served without a restart. Returns null until
    /// there is one.</param>
    public static void ListenFor(
        this KestrelServerOptions kestrel,
        WebhookOptions options,
        ClientAuthority? clients,
        Func<SslStreamCertificateContext?> certificate
    )
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = ReviewBody.MaxBytes;
        // An API server sends a body at once. A slow caller would hold memory that other calls need.
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 100 * 1024, gracePeriod: TimeSpan.FromSeconds(2));
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Listen(
            options.Listen,
            listen =>
                listen.UseHttps(
                    new HttpsConnectionAdapterOptions
                    {
                        ServerCertificateSelector = (_, _) => certificate()?.TargetCertificate,
                        // Not required, because the kubelet's probes have none. A certificate that is presented must be valid.
                        ClientCertificateMode = clients is null
                            ? ClientCertificateMode.NoCertificate
                            : ClientCertificateMode.AllowCertificate,
                        ClientCertificateValidation = (presented, _, _) => clients?.Trusts(presented) ?? false,
                        OnAuthenticate = (_, tls) =>
                        {
                            tls.EncryptionPolicy = EncryptionPolicy.RequireEncryption;
                            if (certificate() is { } served)
                            {
                                // The context includes the intermediates; the selector cannot send these.
                                (tls.ServerCertificateSelectionCallback, tls.ServerCertificateContext) = (null, served);
                            }
                        },
                    }
                )
        );
        kestrel.Listen(options.MetricsListen);
    }

    /// <param name="notReady">Reasons why this replica is not ready; empty if it is.</param>
    /// <param name="needsClientCertificate">Refuse admission calls without a client certificate.</param>
    /// <param name="isDraining">Whether the replica is draining: each answer then closes its connection.</param>
    public static void Serve(
        this WebApplication app,
        bool needsClientCertificate,
        Func<IReadOnlyList<string>> notReady,
        Func<bool> isDraining
    )
    {
        app.Use(
            (context, next) =>
            {
                // API servers reuse HTTP/1.1 connections, and do not repeat a POST whose connection was closed. HTTP/2 has GOAWAY for this.
                if (HttpProtocol.IsHttp11(context.Request.Protocol) && isDraining())
                {
                    context.Response.Headers.Connection = "close";
                }

                return next(context);
            }
        );

        RequestDelegate WithCertificate(RequestDelegate handle) =>
            context => needsClientCertificate && context.Connection.ClientCertificate is null ? RefuseCaller(context) : handle(context);

        app.MapWhen(
            context => context.Request.IsHttps,
            tls =>
                tls.UseRouting()
                    .UseEndpoints(endpoints =>
                    {
                        endpoints.MapPost(
                            "/admit/workloads",
                            WithCertificate(app.Services.GetRequiredService<AdmissionEndpoint>().HandleAsync)
                        );
                        endpoints.MapPost(
                            "/admit/records",
                            WithCertificate(app.Services.GetRequiredService<RecordsEndpoint>().HandleAsync)
                        );
                        endpoints.MapPost("/stamp", WithCertificate(app.Services.GetRequiredService<StampEndpoint>().HandleAsync));
                        endpoints.MapGet("/livez", context => context.Response.WriteAsync("ok\n"));
                        endpoints.MapGet("/readyz", context => AnswerReadiness(context, notReady()));
                    })
        );
        app.UseOpenTelemetryPrometheusScrapingEndpoint();
    }

    private static Task RefuseCaller(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync(
            "deployguard: a client certificate is required. Name a kubeconfig for webhooks in the AdmissionConfiguration of the "
                + "API server\n"
        );
    }

    private static Task AnswerReadiness(HttpContext context, IReadOnlyList<string> notReady)
    {
        context.Response.StatusCode = notReady.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(notReady.Count == 0 ? "ok\n" : $"not ready: {string.Join(", ", notReady)}\n");
    }
}
