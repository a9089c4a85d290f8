using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>When the certificate and its CA expire, for alerts.</summary>
public static class CertificateEnds
{
    /// <summary><c>server</c> and <c>ca</c>; nothing while there is no certificate.</summary>
    public static IEnumerable<(string Name, DateTimeOffset End)> Of(ICertificateSource source)
    {
        if (source is not { Current.TargetCertificate: { } leaf, CaBundle: { } bundle })
        {
            yield break;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Encoding.UTF8.GetString(bundle));
        // The authority that signed the served certificate; if an intermediate signed it, the last to expire.
        var signers =
            authorities.Where(a => CertificatePlan.IsSignedBy(leaf, a)).DefaultIfEmpty().Max(a => a?.NotAfter)
            ?? authorities.Max(a => a.NotAfter);
        yield return ("server", leaf.NotAfter);
        yield return ("ca", signers);
    }
}
