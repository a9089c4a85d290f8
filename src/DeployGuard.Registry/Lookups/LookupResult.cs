using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Lookups;

/// <summary>The answer to a <see cref="LookupRequest"/>.</summary>
public abstract record LookupResult
{
    private protected LookupResult(PinnedImage image) => Image = image;

    /// <summary>As it was asked for; <see cref="Looked"/> says where it was read.</summary>
    public PinnedImage Image { get; }

    /// <summary>Where it was looked, and with what result; for messages.</summary>
    public IReadOnlyList<string> Looked { get; init; } = [];

    /// <summary>The sources of the credentials that were tried; empty if none was asked for.</summary>
    public IReadOnlyList<string> CredentialsTried { get; init; } = [];

    /// <summary>What was there and not used, and why: too large, too many, not what its digest says.</summary>
    public IReadOnlyList<string> Refused { get; init; } = [];

    /// <summary>
    /// The places that hold more than is read of one image, or cannot be read. The rest may say otherwise than what was read.
    /// </summary>
    public IReadOnlyList<UnreadPlace> Unread { get; init; } = [];

    /// <summary>
    /// Whether a later lookup of the same image, with the same request, found the very same statements. What an image says of itself
    /// belongs to its digest.
    /// </summary>
    internal bool IsSameAs(LookupResult later) =>
        this is StatementsFound mine
        && later is StatementsFound others
        && Refused.SequenceEqual(later.Refused)
        && Unread.SequenceEqual(later.Unread)
        && mine.Statements.Count == others.Statements.Count
        && mine.Statements.Zip(others.Statements).All(s => s.First.IsSameAs(s.Second));

    internal string Name =>
        this switch
        {
            StatementsFound => "found",
            NoStatement => "not-found",
            ImageNotFound => "image-not-found",
            Unavailable { Cause: var cause } => string.Concat(
                cause.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}")
            ),
            _ => throw new InvalidOperationException($"{GetType()} has no name"),
        };
}

/// <summary>There are statements; nothing says yet that any of them is true.</summary>
public sealed record StatementsFound(PinnedImage Image, ImageFacts Facts, IReadOnlyList<Statement> Statements) : LookupResult(Image);

/// <summary>The image exists, and no statement was found, or none was asked for.</summary>
public sealed record NoStatement(PinnedImage Image, ImageFacts Facts) : LookupResult(Image);

/// <summary>The registry has no such image.</summary>
public sealed record ImageNotFound(PinnedImage Image) : LookupResult(Image);

/// <summary>It cannot be said. Never kept: the next lookup asks again.</summary>
/// <param name="Message">What failed where, for people.</param>
/// <param name="RetryAfter">When it may be worth asking again, if the registry said so.</param>
public sealed record Unavailable(PinnedImage Image, FailureCause Cause, string Message, TimeSpan? RetryAfter = null) : LookupResult(Image)
{
    /// <summary>
    /// Whether a registry answered nothing of the image for a while. If not, how long the rest takes depends on what was pushed there too.
    /// </summary>
    public bool IsAway { get; init; }
}

/// <param name="Why">A part of a sentence whose subject is the place, or what lies there.</param>
public sealed record UnreadPlace(string Name, string Why);
