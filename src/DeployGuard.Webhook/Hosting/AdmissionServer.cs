using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Records;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace DeployGuard.Webhook.Hosting;

/// <summary>Kestrel's two ports and what is served on which: the API server's calls over TLS, metrics without.</summary>
internal static class AdmissionServer
{
    /// <param name="certificate">Asked at every handshake, so that a renewed certificate is served without a restart; null until there is one.</param>
    public static void ListenFor(this KestrelServerOptions kestrel, WebhookOptions options, Func<X509Certificate2?> certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = ReviewBody.MostBytes;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Listen(options.Listen, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificateSelector = (_, _) => certificate(),
            OnAuthenticate = (_, tls) => tls.EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        }));
        kestrel.Listen(options.MetricsListen);
    }

    /// <param name="notReady">Why decisions cannot be made now; empty when they can.</param>
    public static void Serve(this WebApplication app, Func<IReadOnlyList<string>> notReady)
    {
        app.MapWhen(context => context.Request.IsHttps, tls => tls.UseRouting().UseEndpoints(endpoints =>
        {
            endpoints.MapPost("/admit/workloads", app.Services.GetRequiredService<AdmissionEndpoint>().HandleAsync);
            endpoints.MapPost("/admit/records", app.Services.GetRequiredService<RecordsEndpoint>().HandleAsync);
            endpoints.MapPost("/stamp", app.Services.GetRequiredService<StampEndpoint>().HandleAsync);
            endpoints.MapGet("/livez", context => context.Response.WriteAsync("ok\n"));
            endpoints.MapGet("/readyz", context => AnswerReadiness(context, notReady()));
        }));
        app.UseOpenTelemetryPrometheusScrapingEndpoint();
    }

    private static Task AnswerReadiness(HttpContext context, IReadOnlyList<string> notReady)
    {
        context.Response.StatusCode = notReady.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(notReady.Count == 0 ? "ok\n" : $"not ready: {string.Join(", ", notReady)}\n");
    }
}
