using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>A SLSA verification summary about a commit (Source VSA): what the forge's verifier says of a repository's controls.</summary>
/// <param name="VerifierId">Who verified; trusted only together with its key.</param>
/// <param name="ResourceUri">The repository.</param>
/// <param name="Levels">Such as <c>SLSA_SOURCE_LEVEL_3</c> or <c>ORG_SOURCE_...</c>.</param>
public sealed record SourceSummary(string VerifierId, string ResourceUri, bool IsPassed, IReadOnlyList<string> Levels)
{
    public const string PredicateType = "https://slsa.dev/verification_summary/v1";

    /// <summary>Two people agreed to every change.</summary>
    public const string TwoPartyReviewed = "SLSA_SOURCE_TWO_PARTY_REVIEWED";

    /// <summary>How the levels begin that an organisation defines itself.</summary>
    public const string OwnLevel = "ORG_SOURCE_";

    /// <summary>The levels whose controls were in force without a break, up to this commit.</summary>
    private static readonly string[] s_continuous = ["SLSA_SOURCE_LEVEL_3", "SLSA_SOURCE_LEVEL_4"];

    private const string Path = "predicate.";

    /// <summary>When it was verified; null if it does not say.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>
    /// Whether two people agreed to every change, by controls that had no break. The property alone may be given at any level, so that
    /// it could be about this one commit.
    /// </summary>
    public bool IsTwoParty => IsPassed && Levels.Contains(TwoPartyReviewed) && Levels.Any(s_continuous.Contains);

    /// <exception cref="AttestationException">It is no such predicate.</exception>
    public static SourceSummary Parse(JsonElement predicate)
    {
        if (predicate.ValueKind is not JsonValueKind.Object)
        {
            throw new AttestationException("predicate: is missing, or not an object");
        }

        var verifier = StrictJson.Part(predicate, "verifier", Path);
        return new SourceSummary(
            StrictJson.Text(verifier, "id", $"{Path}verifier."),
            StrictJson.Text(predicate, "resourceUri", Path),
            StrictJson.Text(predicate, "verificationResult", Path) switch
            {
                "PASSED" => true,
                "FAILED" => false,
                var other => throw new AttestationException($"{Path}verificationResult: \"{other}\" is neither PASSED nor FAILED"),
            },
            StrictJson.Texts(predicate, "verifiedLevels", Path)
        )
        {
            VerifiedAt = StrictJson.TimeOrNull(predicate, "timeVerified", Path),
        };
    }
}
