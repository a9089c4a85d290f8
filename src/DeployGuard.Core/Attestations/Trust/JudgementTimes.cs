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
                    change.IssuedAt - ClockSkew,
                    .. change.Approvals.Select(a => (DateTimeOffset?)(a.At - ClockSkew)),
                ],
                SummaryClaim { Summary: var summary } => [summary.VerifiedAt - ClockSkew],
                _ => (DateTimeOffset?[])[],
            },
        ];
}
