namespace DeployGuard.Registry.Transport;

/// <summary>A registry could not be asked, or its answer not be used.</summary>
public sealed class RegistryException(FailureCause cause, string message, Exception? inner = null) : Exception(message, inner)
{
    public FailureCause Cause { get; } = cause;

    /// <summary>When it may be worth asking again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The same request may pass a moment later.</summary>
    public bool IsTransient => Cause is FailureCause.Network or FailureCause.Timeout;

    /// <summary>The registry answered, and its answer stays as it is: it is not worth asking again.</summary>
    public bool IsFinal => Cause is FailureCause.TooLarge or FailureCause.BadContent;
}
