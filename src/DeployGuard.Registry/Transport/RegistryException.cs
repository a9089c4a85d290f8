namespace DeployGuard.Registry.Transport;

/// <summary>A registry could not be asked, or its answer not be used.</summary>
public sealed class RegistryException(FailureCause cause, string message, Exception? inner = null) : Exception(message, inner)
{
    public FailureCause Cause { get; } = cause;

    /// <summary>When it may be worth asking again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>More lies there than one lookup reads, and the rest may say something else.</summary>
    public bool IsBeyondBudget { get; init; }

    /// <summary>It answered, and its body did not come in time: that says more of this content than of the registry.</summary>
    public bool IsOfBody { get; init; }

    /// <summary>The same request may pass a moment later.</summary>
    public bool IsTransient => Cause is FailureCause.Network or FailureCause.Timeout && !IsOfBody;

    /// <summary>The registry answered, and its answer stays as it is: it is not worth asking again.</summary>
    public bool IsFinal => Cause is FailureCause.TooLarge or FailureCause.BadContent;
}
