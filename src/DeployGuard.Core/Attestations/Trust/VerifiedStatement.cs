namespace DeployGuard.Core.Attestations.Trust;

/// <summary>What a statement says, read from verified bytes.</summary>
public abstract record Claim
{
    private protected Claim() { }
}

public sealed record ChangeClaim(ChangeStatement Change) : Claim;

public sealed record BuildClaim(SlsaProvenance Provenance) : Claim;

public sealed record SummaryClaim(SourceSummary Summary) : Claim;

/// <summary>The image was signed, and nothing is said of how it was made.</summary>
public sealed record SignatureClaim : Claim;

/// <summary>Something that says nothing of the origin, such as an SBOM.</summary>
public sealed record OtherClaim(string PredicateType) : Claim;

/// <summary>
/// A statement whose signature was verified. Whether its signers may say this, now and about this image, <see cref="OriginEvaluator"/>
/// decides each time. Keep it by the image's digest and <see cref="KeySet.Id"/>.
/// </summary>
/// <param name="Digest">SHA-256 of what was signed, in hex.</param>
/// <param name="Signers">Distinct keys.</param>
public sealed record VerifiedStatement(
    string Place,
    string Digest,
    IReadOnlyList<TrustedKey> Signers,
    IReadOnlyList<StatementSubject> Subjects,
    Claim Claim
)
{
    /// <summary>
    /// It, or one of its signatures, was read in the last minutes and is not there now. It tightens. No finding is about it, because
    /// perhaps another request brought it, of a namespace that the requester may not read.
    /// </summary>
    public bool IsHeardBefore { get; init; }

    /// <summary>For messages.</summary>
    internal string SignerNames => string.Join(", ", Signers.Select(s => s.Name));
}

/// <summary>What was found beside an image, after its signatures were verified.</summary>
public sealed record Verification(IReadOnlyList<VerifiedStatement> Statements, IReadOnlyList<StatementFinding> Findings)
{
    public static Verification Nothing { get; } = new([], []);

    /// <summary>With what was verified in another place, by the same keys.</summary>
    public Verification With(Verification more) =>
        more.Statements.Count + more.Findings.Count == 0
            ? this
            : new Verification(AttestationVerifier.Merge(Statements.Concat(more.Statements)), [.. Findings, .. more.Findings]);
}
