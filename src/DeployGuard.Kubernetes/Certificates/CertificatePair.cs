using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>A server certificate with its key and chain, checked against the given CA.</summary>
public static class CertificatePair
{
    /// <param name="names">The names of the three in messages: file names, or keys of a Secret.</param>
    /// <exception cref="CertificateProblemException">Any of them cannot be used; the message names which.</exception>
    public static X509Certificate2 Load(
        string certificate,
        string key,
        string ca,
        (string Certificate, string Key, string Ca) names,
        DateTimeOffset now
    )
    {
        using var leaf = Parse(names.Certificate, () => X509Certificate2.CreateFromPem(certificate));
        var authorities = ParseAll(names.Ca, ca);
        var loaded = Parse(
            names.Key,
            () => X509Certificate2.CreateFromPem(certificate, key),
            "is not the PEM private key of the certificate"
        );
        CheckTime(names.Certificate, leaf, now);
        CheckChain(names, leaf, ParseAll(names.Certificate, certificate), authorities, now);
        // On some systems Kestrel cannot use an ephemeral key; loading it from PKCS#12 makes it usable.
        using (loaded)
        {
            return X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
        }
    }

    /// <summary>The same, with the intermediate certificates, because clients know only the CA.</summary>
    /// <exception cref="CertificateProblemException">Any of them cannot be used; the message names which.</exception>
    public static SslStreamCertificateContext LoadToServe(
        string certificate,
        string key,
        string ca,
        (string Certificate, string Key, string Ca) names,
        DateTimeOffset now
    )
    {
        var leaf = Load(certificate, key, ca, names, now);
        var others = ParseAll(names.Certificate, certificate)
            .Where(c => !c.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span))
            .ToArray();
        // Offline: no certificate of the chain is downloaded.
        return SslStreamCertificateContext.Create(leaf, [.. others], offline: true);
    }

    private static void CheckTime(string name, X509Certificate2 certificate, DateTimeOffset now)
    {
        if (now > certificate.NotAfter)
        {
            throw new CertificateExpiredException(
                $"{name}: the certificate expired on {Rfc3339.Show(certificate.NotAfter.ToUniversalTime())}"
            );
        }

        if (now < certificate.NotBefore)
        {
            throw new CertificateProblemException(
                $"{name}: the certificate is valid only from {Rfc3339.Show(certificate.NotBefore.ToUniversalTime())}"
            );
        }
    }

    private static void CheckChain(
        (string Certificate, string Key, string Ca) names,
        X509Certificate2 leaf,
        X509Certificate2Collection given,
        X509Certificate2Collection authorities,
        DateTimeOffset now
    )
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(given);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (!chain.Build(leaf))
        {
            var problems = string.Join("; ", chain.ChainStatus.Select(s => s.StatusInformation.Trim()).Distinct());
            throw new CertificateProblemException($"{names.Certificate}: is not signed by the CA in {names.Ca}: {problems}");
        }
    }

    /// <exception cref="CertificateProblemException">There is none, or one of them cannot be read.</exception>
    public static X509Certificate2Collection ParseAll(string name, string pem)
    {
        var all = new X509Certificate2Collection();
        Parse(
            name,
            () =>
            {
                all.ImportFromPem(pem);
                return true;
            }
        );
        return all.Count > 0 ? all : throw new CertificateProblemException($"{name}: holds no PEM certificate");
    }

    public static T Parse<T>(string name, Func<T> parse, string problem = "is not a PEM certificate")
    {
        try
        {
            return parse();
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new CertificateProblemException($"{name}: {problem}: {wrong.Message}", wrong);
        }
    }
}
