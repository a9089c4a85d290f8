using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// The CA of the API server, from the file that the kubelet keeps in the pod. It is read at every handshake, of which there are few, so
/// that a new CA needs no restart.
/// </summary>
internal sealed class ApiAuthority(string file)
{
    /// <summary>The certificate callback of a handler.</summary>
    public bool Validates(X509Certificate2? presented, X509Chain? sent, SslPolicyErrors errors)
    {
        if (presented is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(Read());
        chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainElements.Select(e => e.Certificate).ToArray() ?? []);
        return chain.Build(presented);
    }

    /// <exception cref="IOException">The file cannot be read; the connection fails, and is retried.</exception>
    private X509Certificate2Collection Read()
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file);
            return roots;
        }
        catch (Exception problem) when (problem is CryptographicException or UnauthorizedAccessException)
        {
            throw new IOException($"{file}: the CA of the API server cannot be read: {problem.Message}", problem);
        }
    }
}
