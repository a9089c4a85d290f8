namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Whether verification summaries say of a whole range that two people agreed to every change. A summary is about one commit, so each
/// part of the chain needs one about its last commit. The first commit needs one too: the control may have come later, and then the
/// commits before that were never reviewed.
/// </summary>
internal static class TwoPartyCoverage
{
    /// <param name="chain">From what runs to the head; not empty.</param>
    public static (TwoPartyReview? Review, string Gap) Of(
        IEnumerable<JudgedStatement> judged,
        HeadCommit head,
        IReadOnlyList<ChainLink> chain,
        DateTimeOffset now
    )
    {
        var summaries = judged.Where(s => s.Statement.Claim is SummaryClaim && s.Repository == head.Repository).ToLookup(s => s.Commit);
        List<(JudgedStatement Summary, DateTimeOffset At)> changes = [];
        foreach (var commit in chain.Select(l => l.HeadCommit).Distinct())
        {
            var timed = Passing(summaries[commit])
                .Select(s => (Summary: s, At: SummaryOf(s)?.VerifiedAt))
                .Where(s => s.At <= now + JudgementTimes.ClockSkew)
                .Select(s => (s.Summary, At: s.At ?? default))
                .ToList();
            if (timed.Count == 0)
            {
                return (null, Gap(commit, summaries[commit], "with timeVerified"));
            }

            changes.Add(timed.MaxBy(s => s.At));
        }

        // Before the first commit there is none that could have a summary, and the control may have come with the last one.
        return chain.Select(l => l.BaseCommit).Distinct().FirstOrDefault(c => Passing(summaries[c]).Count == 0) is { } start
            ? (null, Gap(start, summaries[start], "at which the range begins"))
            : (
                new TwoPartyReview(
                    changes.Min(c => c.At),
                    [.. changes.Select(c => c.Summary.Statement.Digest)],
                    [.. changes.SelectMany(c => c.Summary.Signers.Where(k => k.Role is KeyRole.Vsa)).Select(k => k.Name).Distinct()]
                )
                {
                    KeyIds = [.. changes.SelectMany(c => c.Summary.KeyIds).Distinct()],
                    Verifiers = [.. changes.Select(c => SummaryOf(c.Summary)?.VerifierId).OfType<string>().Distinct()],
                },
                ""
            );
    }

    /// <summary>None where one of them says that the verification failed: the stricter wins.</summary>
    private static List<JudgedStatement> Passing(IEnumerable<JudgedStatement> about)
    {
        var all = about.ToList();
        return all.Exists(s => s.Rejection is { Kind: FindingKind.VerificationFailed })
            ? []
            : all.FindAll(s => s.IsUsable && SummaryOf(s) is { IsTwoParty: true });
    }

    private static SourceSummary? SummaryOf(JudgedStatement judged) => (judged.Statement.Claim as SummaryClaim)?.Summary;

    private static string Gap(string commit, IEnumerable<JudgedStatement> about, string what) =>
        about.Any(s => s.Rejection is { Kind: FindingKind.VerificationFailed })
            ? $"a verification summary of {commit} says that the verification failed"
            : $"no verification summary of {commit} ({what}) has {SourceSummary.TwoPartyReviewed} and SLSA_SOURCE_LEVEL_3 or 4";
}
