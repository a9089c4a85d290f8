using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Tests;

/// <summary>With a CA for callers, only the API server is answered.</summary>
public class ClientCertificateTests
{
    private static readonly DateTimeOffset s_now = TimeProvider.System.GetUtcNow();

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private X509Certificate2 _ca = null!;
    private string _file = "";
    private RunningWebhook _webhook = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _ca = Authority(_key);
        _file = Path.GetTempFileName();
        await File.WriteAllTextAsync(_file, _ca.ExportCertificatePem());
        _webhook = await RunningWebhook.StartAsync(new StandaloneAccess(() => []), clientCa: new FileInfo(_file));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _webhook.DisposeAsync();
        File.Delete(_file);
        _ca.Dispose();
        _key.Dispose();
    }

    [Test]
    public async Task CertificateOfTheApiServerIsAccepted() => Assert.That(await PostAsync(Client(_ca)), Is.EqualTo(HttpStatusCode.OK));

    [TestCase("/admit/workloads")]
    [TestCase("/admit/records")]
    [TestCase("/stamp")]
    public async Task ACallerWithoutACertificateIsRefused(string path) =>
        Assert.That(await PostAsync(null, path), Is.EqualTo(HttpStatusCode.Forbidden));

    [Test]
    public async Task ProbesNeedNoCertificate() =>
        Assert.That((await _webhook.GetAsync("/readyz")).StatusCode, Is.EqualTo(HttpStatusCode.OK));

    [Test]
    public async Task ACertificateOfAnotherAuthorityEndsTheHandshake()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = Authority(key);

        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(Client(other)));
    }

    [Test]
    public async Task ACertificateForServersEndsTheHandshake() =>
        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(Client(_ca, "1.3.6.1.5.5.7.3.1")));

    [Test]
    public void AFileWithoutACertificateStopsTheStart()
    {
        var empty = Path.GetTempFileName();

        Assert.That(
            async () => await RunningWebhook.StartAsync(new StandaloneAccess(() => []), clientCa: new FileInfo(empty)),
            Throws.TypeOf<CertificateProblemException>().With.Message.Contains(empty)
        );

        File.Delete(empty);
    }

    private async Task<HttpStatusCode> PostAsync(X509Certificate2? client, string path = "/admit/workloads")
    {
        using var trustAny = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null },
        };
        if (client is not null)
        {
            // Chosen explicitly, because by default the handler does not present a certificate for servers.
            trustAny.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => client;
        }

        using var http = new HttpClient(trustAny);
        using var body = new StringContent(Reviews.Update(), Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri(_webhook.Address, path), body);
        return response.StatusCode;
    }

    private static X509Certificate2 Authority(ECDsa key)
    {
        var request = new CertificateRequest("CN=callers", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(s_now.AddDays(-1), s_now.AddDays(1));
    }

    private static X509Certificate2 Client(X509Certificate2 authority, string purpose = "1.3.6.1.5.5.7.3.2")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        using var signed = request.Create(authority, s_now.AddHours(-1), s_now.AddHours(1), RandomNumberGenerator.GetBytes(8));
        using var withKey = signed.CopyWithPrivateKey(key);
        // Some platforms present only certificates that were loaded from a file format.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}
