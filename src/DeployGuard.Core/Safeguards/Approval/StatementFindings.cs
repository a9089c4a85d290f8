using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Safeguards;

/// <summary>Why statements about an image were not believed, a finding for each kind: a registry may hold many of one kind.</summary>
internal static class StatementFindings
{
    public static IEnumerable<Finding> Of(SignedImage image) =>
        from finding in image.Provenance?.Findings ?? []
        group finding by ReasonOf(finding.Kind) into alike
        let first = alike.First()
        let more = alike.Count() - 1
        select new Finding(
            alike.Key,
            "",
            $"{image.Image}: {first.Text}" + (more > 0 ? $" (and {more} more)" : ""),
            first.Remedy.TrimEnd('.')
        );

    public static Reason ReasonOf(FindingKind kind) =>
        kind switch
        {
            FindingKind.Altered => Reasons.StatementAltered,
            FindingKind.WrongKey or FindingKind.KeyNotValidNow => Reasons.StatementKey,
            FindingKind.WrongRole or FindingKind.BeyondRole or FindingKind.WrongVerifier => Reasons.StatementRole,
            FindingKind.WrongSubject => Reasons.StatementSubject,
            FindingKind.OtherImage => Reasons.StatementReplayed,
            FindingKind.WrongRepository or FindingKind.WrongRef => Reasons.StatementRepository,
            FindingKind.Expired or FindingKind.NotYetIssued => Reasons.StatementExpired,
            FindingKind.HeadCommitOnly => Reasons.StatementHeadOnly,
            FindingKind.BrokenChain => Reasons.StatementChain,
            FindingKind.ReviewNotCounted => Reasons.StatementReview,
            FindingKind.Unread => Reasons.StatementUnread,
            FindingKind.Unreadable or FindingKind.BelowThreshold or FindingKind.Incomplete or FindingKind.VerificationFailed =>
                Reasons.StatementIncomplete,
            _ => throw new InvalidOperationException($"no reason for {kind}"),
        };
}
