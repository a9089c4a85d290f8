using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Webhook.Admission;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Webhook.Tests;

/// <summary>A certificate signed by an intermediate: the API server knows only the root, and must receive the chain.</summary>
public class CertificateChainTests
{
    private static readonly DateTimeOffset s_now = TimeProvider.System.GetUtcNow();

    [Test]
    public async Task AClientThatTrustsOnlyTheRootTrustsACertificateOfAnIntermediate()
    {
        using var root = Authority("root", null);
        using var intermediate = Authority("intermediate", root);
        var folder = Directory.CreateTempSubdirectory("deployguard-chain-");
        try
        {
            using var files = Write(folder.FullName, root, intermediate);
            await using var webhook = await RunningWebhook.StartAsync(new StandaloneAccess(() => []), served: files.Current);

            Assert.That(await IsTrustedAsync(webhook.Address, root), Is.True);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>As a client that trusts one root and gets the chain from the handshake.</summary>
    private static async Task<bool> IsTrustedAsync(Uri address, X509Certificate2 root)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(address.Host, address.Port);
        await using var tls = new SslStream(tcp.GetStream());
        // It throws if the handshake is refused.
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = (_, presented, sent, _) =>
                {
                    using var chain = new X509Chain();
                    chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                    chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                    chain.ChainPolicy.CustomTrustStore.Add(root);
                    chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? []);
                    return presented is X509Certificate2 leaf && chain.Build(leaf);
                },
            }
        );
        return true;
    }

    private static FileCertificate Write(string folder, X509Certificate2 root, X509Certificate2 intermediate)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var leaf = request.Create(intermediate, s_now.AddDays(-1), s_now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        string In(string name) => Path.Combine(folder, name);
        File.WriteAllText(In("tls.crt"), $"{leaf.ExportCertificatePem()}\n{intermediate.ExportCertificatePem()}\n");
        File.WriteAllText(In("tls.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(In("ca.crt"), root.ExportCertificatePem());
        return new FileCertificate(In("tls.crt"), In("tls.key"), In("ca.crt"), TimeProvider.System, NullLogger.Instance);
    }

    private static X509Certificate2 Authority(string name, X509Certificate2? signer)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        if (signer is null)
        {
            return request.CreateSelfSigned(s_now.AddDays(-2), s_now.AddDays(2));
        }

        using var signed = request.Create(signer, s_now.AddDays(-2), s_now.AddDays(2), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
