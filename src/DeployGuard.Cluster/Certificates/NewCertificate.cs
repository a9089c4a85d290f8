using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Cluster.Certificates;

/// <summary>A CA of our own and a server certificate that it signed, in PEM.</summary>
public sealed record NewCertificate(string CaCertificate, string CaKey, string Certificate, string Key)
{
    private static readonly TimeSpan s_caLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan s_life = TimeSpan.FromDays(365);

    /// <summary>Clocks of nodes drift; what is valid from now on is not valid everywhere yet.</summary>
    private static readonly TimeSpan s_drift = TimeSpan.FromHours(1);

    /// <param name="dnsNames">The names by which the server is called.</param>
    public static NewCertificate For(IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var caRequest = new CertificateRequest("CN=deployguard-ca", caKey, HashAlgorithmName.SHA256);
        caRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        caRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        using var ca = caRequest.CreateSelfSigned(now - s_drift, now + s_caLife);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = Request(key, dnsNames).Create(ca, now - s_drift, now + s_life, RandomNumberGenerator.GetBytes(16));
        return new NewCertificate(ca.ExportCertificatePem(), caKey.ExportPkcs8PrivateKeyPem(), leaf.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The server certificate with its key, ready to be served.</summary>
    public X509Certificate2 Load(DateTimeOffset now) => CertificatePair.Load(Certificate, Key, CaCertificate, ("the certificate", "its key", "its CA"), now);

    private static CertificateRequest Request(ECDsa key, IReadOnlyList<string> dnsNames)
    {
        var request = new CertificateRequest($"CN={dnsNames[0]}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames)
        {
            names.AddDnsName(name);
        }

        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false));
        return request;
    }
}
