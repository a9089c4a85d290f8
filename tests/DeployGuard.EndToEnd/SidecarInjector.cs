using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DeployGuard.EndToEnd;

/// <summary>A mutating webhook that puts a sidecar into every pod, as service meshes do.</summary>
internal sealed class SidecarInjector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SidecarInjector(WebApplication app) => _app = app;

    public static async Task<SidecarInjector> StartAsync(string @namespace)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        app.MapPost("/", InjectAsync);
        await app.StartAsync();
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                Registration(@namespace, app.Urls.Single(), certificate),
                ["create", "-f", "-"]
            )
        ).OrFail();
        return new SidecarInjector(app);
    }

    public async ValueTask DisposeAsync()
    {
        await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "mutatingwebhookconfiguration", "sidecars");
        await _app.DisposeAsync();
    }

    private static async Task InjectAsync(HttpContext context)
    {
        using var review = await JsonDocument.ParseAsync(context.Request.Body);
        const string Patch =
            """[{"op": "add", "path": "/spec/containers/-", "value": {"name": "sidecar", "image": "mesh/proxy:latest"}}]""";
        await context.Response.WriteAsJsonAsync(
            new
            {
                apiVersion = "admission.k8s.io/v1",
                kind = "AdmissionReview",
                response = new
                {
                    uid = review.RootElement.GetProperty("request").GetProperty("uid").GetString(),
                    allowed = true,
                    patchType = "JSONPatch",
                    patch = Convert.ToBase64String(Encoding.UTF8.GetBytes(Patch)),
                },
            }
        );
    }

    private static string Registration(string @namespace, string url, X509Certificate2 certificate) =>
        JsonSerializer.Serialize(
            new
            {
                apiVersion = "admissionregistration.k8s.io/v1",
                kind = "MutatingWebhookConfiguration",
                metadata = new { name = "sidecars" },
                webhooks = new[]
                {
                    new
                    {
                        name = "sidecars.example.com",
                        clientConfig = new
                        {
                            url,
                            caBundle = Convert.ToBase64String(Encoding.UTF8.GetBytes(certificate.ExportCertificatePem())),
                        },
                        rules = new[]
                        {
                            new
                            {
                                apiGroups = new[] { "" },
                                apiVersions = new[] { "v1" },
                                operations = new[] { "CREATE" },
                                resources = new[] { "pods" },
                            },
                        },
                        namespaceSelector = new
                        {
                            matchLabels = new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = @namespace },
                        },
                        sideEffects = "None",
                        admissionReviewVersions = new[] { "v1" },
                    },
                },
            }
        );
}
