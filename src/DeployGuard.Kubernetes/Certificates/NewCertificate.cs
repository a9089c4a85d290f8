using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>A self-made CA and a server certificate that it signed, in PEM.</summary>
public sealed record NewCertificate(string CaCertificate, string CaKey, string Certificate, string Key)
{
    /// <param name="dnsNames">The DNS names of the server.</param>
    public static NewCertificate For(IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        var made = Material.Begin(dnsNames, now);
        return new NewCertificate(made.Bundle, made.AuthorityKey, made.Certificate, made.Key);
    }

    /// <summary>The server certificate with its chain, ready to be served.</summary>
    public SslStreamCertificateContext LoadToServe(DateTimeOffset now) =>
        SslStreamCertificateContext.Create(Load(now), null, offline: true);

    /// <summary>The server certificate with its key, ready to be served.</summary>
    public X509Certificate2 Load(DateTimeOffset now) =>
        CertificatePair.Load(Certificate, Key, CaCertificate, ("the certificate", "its key", "its CA"), now);
}
