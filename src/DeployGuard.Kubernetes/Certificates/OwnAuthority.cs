using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>A self-made CA with its key, in PEM; signs server certificates.</summary>
internal sealed record OwnAuthority(string Certificate, string Key)
{
    private static readonly TimeSpan s_life = TimeSpan.FromDays(730);
    private static readonly TimeSpan s_leafLife = TimeSpan.FromDays(90);

    /// <summary>Clocks of nodes differ: a certificate that is valid from now on might not be valid on another node yet.</summary>
    public static readonly TimeSpan Drift = TimeSpan.FromDays(1);

    public static OwnAuthority Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // A unique name, by which two authorities that overlap are told apart.
        var request = new CertificateRequest(
            $"CN=deployguard-ca-{RandomNumberGenerator.GetHexString(8, lowercase: true)}",
            key,
            HashAlgorithmName.SHA256
        );
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true)
        );
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var authority = request.CreateSelfSigned(now - Drift, now + s_life);
        return new OwnAuthority(authority.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A server certificate and its key, in PEM. It expires with the authority at the latest.</summary>
    /// <param name="dnsNames">The DNS names of the server.</param>
    public (string Certificate, string Key) Sign(IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        using var authority = X509Certificate2.CreateFromPem(Certificate, Key);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var end = new[] { now + s_leafLife, new DateTimeOffset(authority.NotAfter) }.Min();
        using var leaf = Request(key, dnsNames, authority).Create(authority, now - Drift, end, RandomNumberGenerator.GetBytes(16));
        return (leaf.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static CertificateRequest Request(ECDsa key, IReadOnlyList<string> dnsNames, X509Certificate2 authority)
    {
        // A subject has at most 64 characters; the alternative names contain the DNS names.
        var request = new CertificateRequest("CN=deployguard", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames)
        {
            names.AddDnsName(name);
        }

        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false));
        if (authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } identifier)
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
        }

        return request;
    }
}
