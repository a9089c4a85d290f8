using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Benchmarks;

/// <summary>A CA and a leaf for loopback, as files, made for one run.</summary>
internal sealed record TlsPair(string Certificate, string Key, string Ca)
{
    /// <summary>Trusts this certificate alone.</summary>
    public SocketsHttpHandler Handler()
    {
        using var trusted = X509Certificate2.CreateFromPem(File.ReadAllText(Certificate));
        var hash = trusted.GetCertHashString(HashAlgorithmName.SHA256);
        return new SocketsHttpHandler
        {
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, presented, _, _) =>
                    presented?.GetCertHashString(HashAlgorithmName.SHA256) == hash,
            },
        };
    }

    public static TlsPair WriteTo(string folder)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var caRequest = new CertificateRequest("CN=bench-ca", caKey, HashAlgorithmName.SHA256);
        caRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var ca = caRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("deployguard.deployguard-system.svc");
        request.CertificateExtensions.Add(names.Build());
        using var leaf = request.Create(ca, now.AddDays(-1), now.AddDays(1), [1, 2, 3, 4]);

        var pair = new TlsPair(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"), Path.Combine(folder, "ca.crt"));
        File.WriteAllText(pair.Certificate, leaf.ExportCertificatePem());
        File.WriteAllText(pair.Key, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(pair.Ca, ca.ExportCertificatePem());
        return pair;
    }
}
