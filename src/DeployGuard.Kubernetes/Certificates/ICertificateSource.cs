using System.Net.Security;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>The certificate that the webhook serves, and the CA that the API server is told to trust. Both may change while it runs.</summary>
public interface ICertificateSource
{
    /// <summary>With its private key, and the intermediates that callers need to get from it to the CA; null until there is one.</summary>
    SslStreamCertificateContext? Current { get; }

    /// <summary>PEM, one or more certificates; null until there is one.</summary>
    byte[]? CaBundle { get; }

    /// <summary>Why there is none, or no newer one; null where all is well.</summary>
    string? Problem { get; }

    /// <summary>Follows what the certificate comes from, until it is cancelled.</summary>
    Task RunAsync(CancellationToken cancel);
}

/// <summary>A certificate that cannot be served. The message names the file or object and what is wrong with it.</summary>
public class CertificateProblemException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>One that could be served once.</summary>
public sealed class CertificateExpiredException(string message) : CertificateProblemException(message);
