using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DeployGuard.Kubernetes.Certificates;

namespace DeployGuard.Webhook.Hosting;

/// <summary>
/// The CA of the client certificates that the admission endpoints accept. API servers present one if their AdmissionConfiguration names a
/// kubeconfig for webhooks. Without this CA, every caller that reaches the port can send reviews.
/// </summary>
internal sealed class ClientAuthority
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2Collection _roots;

    private ClientAuthority(X509Certificate2Collection roots) => _roots = roots;

    /// <exception cref="CertificateProblemException">The file has no readable certificate.</exception>
    public static ClientAuthority Read(FileInfo file)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file.FullName);
        }
        catch (Exception problem) when (problem is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CertificateProblemException($"{file.FullName}: {problem.Message}");
        }

        return roots.Count > 0
            ? new ClientAuthority(roots)
            : throw new CertificateProblemException($"{file.FullName}: contains no certificate");
    }

    public bool Trusts(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return chain.Build(certificate);
    }
}
