using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Registry.Transport;

/// <summary>Which certificates of servers are trusted.</summary>
internal static class Trust
{
    /// <summary>
    /// The system's authorities, and those of the bundle. A registry with a private authority may send its clients to a public host for
    /// its blobs.
    /// </summary>
    public static SslClientAuthenticationOptions Of(string? caBundle)
    {
        var options = new SslClientAuthenticationOptions();
        if (caBundle is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPem(caBundle);
            using var system = new X509Store(StoreName.Root, StoreLocation.LocalMachine, OpenFlags.ReadOnly);
            policy.CustomTrustStore.AddRange(system.Certificates);
            options.CertificateChainPolicy = policy;
        }

        return options;
    }
}
