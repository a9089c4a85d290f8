using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>
/// Renews certificates without interruption. A new authority is trusted before it signs a certificate, and an old one as long as its
/// certificates may still be served. Pure: returns one step at a time, and is called again after each.
/// </summary>
internal static class CertificatePlan
{
    /// <summary>Renewed with a third of its 90 days left, which leaves a month to fix a failing renewal.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>Longer than the lifetime of the certificates that it signs.</summary>
    public static readonly TimeSpan RenewAuthorityBefore = TimeSpan.FromDays(180);

    /// <summary>By then every API server, which watches the webhook configurations, trusts the new CA.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromSeconds(30);

    /// <summary>By then every replica has loaded the new certificate.</summary>
    public static readonly TimeSpan KeepsOld = TimeSpan.FromHours(1);

    /// <summary>The next step; null if there is nothing to do, or a wait.</summary>
    /// <param name="order">A renewal that an annotation requests: <c>ca</c>, <c>certificate</c>, or null.</param>
    /// <param name="publishedFor">How long both webhook configurations have carried exactly this bundle; null while they do not.</param>
    /// <exception cref="CertificateProblemException">The current certificates cannot be read.</exception>
    public static CertificateStep? Next(
        Material has,
        string name,
        string? order,
        TimeSpan? publishedFor,
        IReadOnlyList<string> dnsNames,
        DateTimeOffset now
    )
    {
        var authorities = has.Authorities(name);
        var signing = authorities[0];
        using var leaf = CertificatePair.Parse($"{name}/tls.crt", () => X509Certificate2.CreateFromPem(has.Certificate));
        if (!IsSignedBy(leaf, signing))
        {
            // The new authority is not yet trusted everywhere.
            return publishedFor >= Settle
                ? new CertificateStep("signed a server certificate with the new CA", Reissue(has, signing, dnsNames, now))
                : null;
        }

        if (order == "ca" || signing.NotAfter - now.LocalDateTime < RenewAuthorityBefore)
        {
            var next = OwnAuthority.Create(now);
            return new CertificateStep(
                "created a new CA, to be trusted in addition to the old one",
                has with
                {
                    Bundle = $"{next.Certificate}\n{has.Bundle.Trim()}\n",
                    AuthorityKey = next.Key,
                }
            );
        }

        if (order == "certificate" || leaf.NotAfter - now.LocalDateTime < RenewBefore)
        {
            return new CertificateStep("renewed the server certificate", Reissue(has, signing, dnsNames, now));
        }

        return authorities.Count > 1 && now.LocalDateTime - leaf.NotBefore > OwnAuthority.Drift + KeepsOld
            ? new CertificateStep("the old CA is no longer trusted", has with { Bundle = signing.ExportCertificatePem() + "\n" })
            : null;
    }

    /// <summary>A server certificate to replace one that expired before it was renewed.</summary>
    public static Material Revive(Material has, string name, IReadOnlyList<string> dnsNames, DateTimeOffset now) =>
        has.Authorities(name)[0] is { } signing && signing.NotAfter > now.LocalDateTime
            ? Reissue(has, signing, dnsNames, now)
            : Material.Begin(dnsNames, now);

    public static bool IsSignedBy(X509Certificate2 leaf, X509Certificate2 authority) =>
        leaf.IssuerName.RawData.AsSpan().SequenceEqual(authority.SubjectName.RawData);

    private static Material Reissue(Material has, X509Certificate2 signing, IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        var (certificate, key) = new OwnAuthority(signing.ExportCertificatePem(), has.AuthorityKey).Sign(dnsNames, now);
        return has with { Certificate = certificate, Key = key };
    }
}

/// <param name="What">For the log.</param>
internal sealed record CertificateStep(string What, Material Result);
