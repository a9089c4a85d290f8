namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Whether verification summaries say of a whole range that two people agreed to every change. A summary is about one commit, so each
/// part of the chain needs one about its last commit. The first commit needs one too: the control may have come later, and then the
/// commits before that were never reviewed.
/// </summary>
internal static class TwoPartyCoverage
{
    private const string Remedy =
        "Have the verifier issue it, and put it beside the new image, as in cosign attach attestation --attestation vsa.json IMAGE";

    /// <param name="chain">From what runs to the head; not empty.</param>
    /// <param name="heard">One that failed is heard like a sign of AI, whatever limits what relaxes.</param>
    /// <param name="takenBack">Since when it is known that somebody took a review of a part back; null if nobody did.</param>
    public static (TwoPartyReview? Review, string Gap) Of(
        IReadOnlyCollection<JudgedStatement> judged,
        HeardStatements heard,
        ImageCoverage coverage,
        HeadCommit head,
        IReadOnlyList<ChainLink> chain,
        Func<ChainLink, DateTimeOffset?> takenBack,
        DateTimeOffset now
    )
    {
        var concerned = heard
            .Commits.Concat(chain.Select(l => l.BaseCommit))
            .Concat(chain.Select(l => l.HeadCommit))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (judged.Select(s => FailedSubject(s, coverage, concerned)).FirstOrDefault(c => c is not null) is { } failed)
        {
            return (null, $"a verification summary of {failed} says that the verification failed. Ask the verifier why");
        }

        var summaries = judged.Where(s => s.Statement.Claim is SummaryClaim && s.Repository == head.Repository).ToLookup(s => s.Commit);
        List<(JudgedStatement Summary, DateTimeOffset At)> changes = [];
        foreach (var link in chain.DistinctBy(l => l.HeadCommit))
        {
            var timed = Passing(summaries[link.HeadCommit], now)
                .Select(s => (Summary: s, At: SummaryOf(s)?.VerifiedAt))
                .Where(s => s.At is not null)
                .Select(s => (s.Summary, At: s.At ?? default))
                .ToList();
            if (timed.Count == 0)
            {
                return (null, Gap(link.HeadCommit, summaries[link.HeadCommit], "and says when that was verified (timeVerified)"));
            }

            var newest = timed.MaxBy(s => s.At);
            // Two people had agreed when it was verified. Whether the reviews that are left make two, the verifier must say: anybody may
            // have written them, the requester too.
            if (takenBack(link) is { } at && at >= newest.At)
            {
                return (
                    null,
                    $"a review of {link.HeadCommit} was taken back, as stated at {at:yyyy-MM-dd HH:mm} UTC, and its verification summary "
                        + "is no newer than that. Have that commit verified again, and reviewed before that if no other review of it stands"
                );
            }

            changes.Add(newest);
        }

        // The oldest first, as of reviews.
        changes.Sort((a, b) => a.At.CompareTo(b.At));

        // Before the first commit there is none that could have a summary, and the control may have come with the last one.
        return chain.Select(l => l.BaseCommit).Distinct().FirstOrDefault(c => Passing(summaries[c], now).Count == 0) is { } start
            ? (null, Gap(start, summaries[start], "because the change begins there"))
            : (
                new TwoPartyReview(
                    changes[0].At,
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

    /// <summary>
    /// The commit of the change that a verifier failed, or the image itself; null if it failed none. Its key may be one that is valid no
    /// more. The ref, the repository, the name of the digest and the number of commits may be wrong: a commit is the same everywhere.
    /// </summary>
    private static string? FailedSubject(JudgedStatement judged, ImageCoverage coverage, HashSet<string> concerned) =>
        SummaryOf(judged) is { IsPassed: false } summary
        && judged.Statement.Signers.Any(k => k.Role is KeyRole.Vsa && k.VerifierId == summary.VerifierId)
            ? judged.Statement.Subjects.SelectMany(s => s.Digests.Values).FirstOrDefault(concerned.Contains)
                ?? (coverage.IsAbout(judged.Statement) ? coverage.Digest : null)
            : null;

    /// <summary>
    /// Of each verifier, what it said last of a commit decides. Of a summary without a time nobody knows whether it was the last one, so
    /// that it must say the same. One of the future says nothing yet, unless it says less.
    /// </summary>
    private static List<JudgedStatement> Passing(IEnumerable<JudgedStatement> about, DateTimeOffset now) =>
        [
            .. about
                .Where(s => s.IsUsable && (!IsTwoParty(s) || !(SummaryOf(s)?.VerifiedAt > now + JudgementTimes.ClockSkew)))
                .GroupBy(s => SummaryOf(s)?.VerifierId, StringComparer.Ordinal)
                .Select(LastOf)
                .Where(last => last.TrueForAll(IsTwoParty))
                .SelectMany(last => last),
        ];

    private static List<JudgedStatement> LastOf(IEnumerable<JudgedStatement> ofVerifier)
    {
        var all = ofVerifier.ToList();
        var newest = all.Max(s => SummaryOf(s)?.VerifiedAt);
        return all.FindAll(s => SummaryOf(s)?.VerifiedAt is not { } at || at == newest);
    }

    private static bool IsTwoParty(JudgedStatement judged) => SummaryOf(judged) is { IsTwoParty: true };

    private static SourceSummary? SummaryOf(JudgedStatement judged) => (judged.Statement.Claim as SummaryClaim)?.Summary;

    private static string Gap(string commit, IEnumerable<JudgedStatement> about, string what) =>
        about.Any(s => s.IsUsable && !IsTwoParty(s)) && about.Any(s => s.IsUsable && IsTwoParty(s))
            ? $"the last verification summary of {commit} has less than {SourceSummary.TwoPartyReviewed} and SLSA_SOURCE_LEVEL_3 or 4, or no "
                + "time (timeVerified). Ask the verifier why"
            : $"no verification summary of {commit} that counts has {SourceSummary.TwoPartyReviewed} and SLSA_SOURCE_LEVEL_3 or 4, {what}"
                + (about.Any(s => s.IsUsable) ? "; one that is there has less" : "")
                + $". {Remedy}";
}
