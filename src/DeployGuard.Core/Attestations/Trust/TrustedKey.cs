namespace DeployGuard.Core.Attestations.Trust;

/// <summary>What the holder of a key may say.</summary>
public enum KeyRole
{
    /// <summary>From which commit an image was built, and that AI had a part. No approvals, and never "no AI".</summary>
    Build,

    /// <summary>How a range of commits was made and who reviewed it. The forge's side holds it; the build job must not.</summary>
    SourceReview,

    /// <summary>Which controls a repository has: SLSA Source VSA, of one verifier.</summary>
    Vsa,
}

/// <summary>A key that a policy trusts, for what its role allows.</summary>
/// <param name="Name">For people.</param>
/// <param name="VerifierId">Of a <see cref="KeyRole.Vsa"/> key: the one <c>verifier.id</c> that it may sign for.</param>
/// <param name="NotBefore">
/// Compared with the time of the decision: a signer can write any time into a statement, also with a key that was stolen later.
/// </param>
public sealed record TrustedKey(
    string Name,
    KeyRole Role,
    PublicKey Key,
    string? VerifierId = null,
    DateTimeOffset? NotBefore = null,
    DateTimeOffset? NotAfter = null
)
{
    public bool IsValidAt(DateTimeOffset now) => (NotBefore ?? now) <= now && now < (NotAfter ?? DateTimeOffset.MaxValue);
}
