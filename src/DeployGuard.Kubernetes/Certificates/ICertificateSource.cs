using System.Net.Security;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>The certificate that the webhook serves, and the CA that the API server trusts. Both may change while it runs.</summary>
public interface ICertificateSource
{
    /// <summary>With its private key and intermediate certificates; null until there is one.</summary>
    SslStreamCertificateContext? Current { get; }

    /// <summary>PEM, one or more certificates; null until there is one.</summary>
    byte[]? CaBundle { get; }

    /// <summary>Why there is none, or no newer one; null if there is no problem.</summary>
    string? Problem { get; }

    /// <summary>Follows the source of the certificate, until it is cancelled.</summary>
    Task RunAsync(CancellationToken cancel);
}

/// <summary>A certificate that is not usable. The message names the file or object and the problem.</summary>
public class CertificateProblemException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A certificate that has expired.</summary>
public sealed class CertificateExpiredException(string message) : CertificateProblemException(message);
