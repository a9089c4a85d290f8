namespace DeployGuard.Core.Attestations.Trust;

/// <summary>How time alone changes what statements prove.</summary>
public static class JudgementTimes
{
    /// <summary>Clocks of signers and of the cluster differ a little.</summary>
    public static TimeSpan ClockSkew { get; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Until when a judgement of these statements holds, if the question stays the same: then a key or a statement begins or ceases to be
    /// valid, or a review is no longer in the future. Null if it always holds. What tightens (signs of AI, authors, reviews that were taken
    /// back) is heard at any time, so that no end depends on it.
    /// </summary>
    public static DateTimeOffset? EndOf(Verification verification, DateTimeOffset now) =>
        verification.Statements.SelectMany(TimesOf).Where(t => t > now).Min();

    private static IEnumerable<DateTimeOffset?> TimesOf(VerifiedStatement statement) =>
        [
            .. statement.Signers.SelectMany(s => (DateTimeOffset?[])[s.NotBefore, s.NotAfter]),
            .. statement.Claim switch
            {
                ChangeClaim { Change: var change } =>
                [
                    change.ExpiresAt,
                    HeardFrom(change.IssuedAt),
                    .. change.Approvals.Select(a => HeardFrom(a.At)),
                ],
                SummaryClaim { Summary: var summary } => [HeardFrom(summary.VerifiedAt)],
                _ => (DateTimeOffset?[])[],
            },
        ];

    /// <summary>Null for a time that is none, such as Go's zero time, which some signers write.</summary>
    private static DateTimeOffset? HeardFrom(DateTimeOffset? time) => time > DateTimeOffset.MinValue + ClockSkew ? time - ClockSkew : null;
}
