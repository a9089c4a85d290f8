using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace DeployGuard.Benchmarks;

/// <summary>The reference: Kestrel that parses the same body and says yes. No admission webhook on this runtime does less.</summary>
internal static class BareServer
{
    public static async Task RunAsync(int port, string certificate, string key)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(pem)));
        var app = builder.Build();
        app.MapPost(
            "/admit/workloads",
            async context =>
            {
                using var review = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
                var uid = review.RootElement.GetProperty("request").GetProperty("uid").GetString();
                context.Response.ContentType = "application/json";
                await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
                writer.WriteStartObject();
                writer.WriteString("apiVersion", "admission.k8s.io/v1");
                writer.WriteString("kind", "AdmissionReview");
                writer.WriteStartObject("response");
                writer.WriteString("uid", uid);
                writer.WriteBoolean("allowed", true);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
        );
        await app.RunAsync();
    }
}
