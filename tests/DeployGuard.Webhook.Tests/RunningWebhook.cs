using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Rig;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace DeployGuard.Webhook.Tests;

/// <summary>The real application on real sockets with TLS, without a cluster unless a test hands it facts of its own.</summary>
internal sealed class RunningWebhook : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private RunningWebhook(WebApplication app, WebhookOptions options)
    {
        _app = app;
        // This test created the certificate; another test checks that it is the expected one.
        var trustAny = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
        };
        Address = new Uri($"https://{options.Listen}");
        _client = new HttpClient(trustAny) { BaseAddress = Address };
        // A body that is refused by its length is then not sent, and the answer can be read.
        _client.DefaultRequestHeaders.ExpectContinue = true;
        Metrics = new Uri($"http://{options.MetricsListen}/metrics");
    }

    public Uri Address { get; }

    public Uri Metrics { get; }

    public static Task<RunningWebhook> StartAsync(params IReadOnlyList<SafeguardPolicy> policies) =>
        StartAsync(new StandaloneAccess(() => policies));

    public static async Task<RunningWebhook> StartAsync(
        IClusterAccess cluster,
        TimeProvider? time = null,
        FileInfo? clientCa = null,
        Uri? otlp = null,
        SslStreamCertificateContext? served = null,
        Shutdown? shutdown = null,
        Stream? log = null
    )
    {
        var certificate = served ?? SslStreamCertificateContext.Create(SelfSigned(), null, offline: true);
        var options = Options(Ports.Free(), Ports.Free()) with { ClientCa = clientCa, Otlp = otlp };
        var app = WebhookApp.Build(
            options,
            cluster,
            () => certificate,
            () => [],
            log ?? Stream.Null,
            time ?? TimeProvider.System,
            shutdown
        );
        await app.StartAsync();
        return new RunningWebhook(app, options);
    }

    /// <summary>The meter factory of its metrics.</summary>
    public Meter Meter => _app.Services.GetRequiredService<Meter>();

    /// <summary>The threads on which it computes costly decisions.</summary>
    public CostlyDecisions Costly => _app.Services.GetRequiredService<CostlyDecisions>();

    public Task<HttpResponseMessage> GetAsync(string path) => _client.GetAsync(new Uri(path, UriKind.Relative));

    public Task<HttpResponseMessage> PostAsync(string path, HttpContent body, CancellationToken cancel) =>
        _client.PostAsync(new Uri(path, UriKind.Relative), body, cancel);

    public Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));

    /// <summary>The <c>response</c> of the AdmissionReview that comes back.</summary>
    public Task<JsonElement> SendAsync(string path, string review) => SendAsync(path, Encoding.UTF8.GetBytes(review));

    /// <summary>The same for a body that may be invalid text.</summary>
    public async Task<JsonElement> SendAsync(string path, byte[] review)
    {
        using var body = new ByteArrayContent(review) { Headers = { ContentType = new("application/json") } };
        using var response = await _client.PostAsync(new Uri(path, UriKind.Relative), body);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), await response.Content.ReadAsStringAsync());
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return answer.GetProperty("response");
    }

    public async Task<string> ScrapeAsync()
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(Metrics);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static WebhookOptions Options(int port, int metricsPort) =>
        new()
        {
            Listen = new IPEndPoint(IPAddress.Loopback, port),
            MetricsListen = new IPEndPoint(IPAddress.Loopback, metricsPort),
            Namespace = "deployguard-system",
            ServiceAccount = "deployguard",
            Service = "deployguard",
            Secret = "deployguard-tls",
            WebhookConfiguration = "deployguard",
            Lease = "deployguard-leader",
            TrustedControllers = [],
        };

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
