using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Cluster.Certificates;

/// <summary>A CA of our own and a server certificate that it signed, in PEM.</summary>
public sealed record NewCertificate(string CaCertificate, string CaKey, string Certificate, string Key)
{
    /// <param name="dnsNames">The names by which the server is called.</param>
    public static NewCertificate For(IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        var authority = OwnAuthority.Create(now);
        var (certificate, key) = authority.Sign(dnsNames, now);
        return new NewCertificate(authority.Certificate, authority.Key, certificate, key);
    }

    /// <summary>The server certificate with its key, ready to be served.</summary>
    public X509Certificate2 Load(DateTimeOffset now) => CertificatePair.Load(Certificate, Key, CaCertificate, ("the certificate", "its key", "its CA"), now);
}
