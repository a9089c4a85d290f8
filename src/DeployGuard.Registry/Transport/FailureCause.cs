namespace DeployGuard.Registry.Transport;

/// <summary>Why a registry could not be asked, or its answer not be used.</summary>
public enum FailureCause
{
    /// <summary>The registry is not listed. It was not called.</summary>
    NotListed,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>It refused every credential.</summary>
    Denied,

    /// <summary>It asked for a pause.</summary>
    RateLimited,

    /// <summary>It answered with a server error.</summary>
    ServerError,

    /// <summary>It could not be reached.</summary>
    Network,

    /// <summary>No TLS, or a certificate that is not trusted.</summary>
    Tls,

    /// <summary>It failed so often that it is left alone for some seconds.</summary>
    CircuitOpen,

    /// <summary>It sends clients to another host for tokens, which is not listed.</summary>
    TokenHostNotListed,

    /// <summary>It redirects to another host, which is not listed.</summary>
    RedirectNotListed,

    /// <summary>More than the limits allow.</summary>
    TooLarge,

    /// <summary>Content that is not what its digest or its type says.</summary>
    BadContent,

    /// <summary>An answer that the specification does not provide for.</summary>
    Unexpected,

    /// <summary>Too many lookups run already.</summary>
    TooBusy,
}
