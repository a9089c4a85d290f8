using DeployGuard.Core.Approvals;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Changes;

/// <summary>
/// The signed evidence that a Change records, as it counts between requests. No registry is asked: the next request does that.
/// </summary>
internal static class StandingEvidence
{
    /// <summary>Null if the last request found none under the policy.</summary>
    /// <param name="runs">Hash of the template in the workload's spec; empty if it is not known.</param>
    public static SignedBacking? Of(Change change, SafeguardPolicy policy, string runs, DateTimeOffset now) =>
        change.Backing.FirstOrDefault(b => b.Policy == policy.Name) is not { } found ? null
        : Relaxes(found, policy, runs, now) ? AsCounted(found, policy)
        : found.WithoutRelaxation();

    /// <summary>A trusted signer's word that no AI had a part makes an unknown origin human, for approvals alone.</summary>
    public static OriginKind OriginOf(OriginKind unsigned, bool isHuman) =>
        unsigned is OriginKind.Unknown && isHuman ? OriginKind.Human : unsigned;

    /// <summary>The policy may count summaries no more.</summary>
    private static SignedBacking AsCounted(SignedBacking found, SafeguardPolicy policy) =>
        policy.SignedOrigin is { Summaries.TwoParty: TwoPartyReviews.CountsAsReview } ? found : found with { Summary = null };

    private static bool Relaxes(SignedBacking found, SafeguardPolicy policy, string runs, DateTimeOffset now) =>
        policy.SignedOrigin is { } signed
        // Statements lead from what ran then; of what runs now they may say nothing.
        && (runs.Length == 0 || runs == found.RanHash)
        && !(found.ExpiresAt <= now)
        && found.ReviewThreshold >= signed.ReviewThreshold
        && found.Keys.All(name =>
            signed.Keys.Any(k => k.Name == name && !(k.NotAfter <= now) && !(k.NotBefore > now) && IsSame(k, found.KeyIds))
        );

    /// <summary>A key in a Secret is known by its name here. The next request reads the Secret.</summary>
    private static bool IsSame(OriginKey key, IReadOnlyList<string> ids) =>
        key.Pem is not { } pem || (PublicKey.IdOf(pem) is { } id && ids.Contains(id));
}
