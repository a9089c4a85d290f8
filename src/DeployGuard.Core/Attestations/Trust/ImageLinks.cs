namespace DeployGuard.Core.Attestations.Trust;

/// <summary>The first link: from the image to its commit.</summary>
internal static class ImageLinks
{
    private const int MostShown = 5;

    /// <returns>Also, where too few keys name the commit, each statement that does.</returns>
    public static (HeadCommit? Head, MissingLink? Missing, IReadOnlyList<StatementFinding> Findings) Find(
        IReadOnlyList<JudgedStatement> judged,
        ImageCoverage coverage,
        ImageQuestion question
    )
    {
        if (question.Sources.Count == 0)
        {
            return (null, NoSource(), []);
        }

        var links = judged
            .Where(s => s is { IsUsable: true, Commit: not null, Repository: not null, Statement.Claim: ChangeClaim or BuildClaim })
            .Where(s => coverage.IsAbout(s.Statement))
            .ToList();
        if (links.Count == 0)
        {
            return (null, NoCommit(judged, coverage, question), []);
        }

        if (links.DistinctBy(l => (l.Commit, l.Repository)).ToList() is { Count: > 1 } several)
        {
            return (null, Disagreement(several), []);
        }

        if (!IsEnough(links))
        {
            return TooFewKeys(links, coverage.Digest, question);
        }

        var uncovered = coverage.Uncovered(links, IsEnough);
        return uncovered.FirstOrDefault(p => coverage.Concerning(p, links).Count > 0) is { } named
                ? TooFewKeys(coverage.Concerning(named, links), $"{named.Platform} ({named.Digest})", question)
            : uncovered.Count > 0 ? (null, NoPlatform(uncovered, coverage), [])
            : (HeadCommit.Of(links[0].Commit ?? "", links[0].Repository ?? "", links), null, []);

        // One stolen key would otherwise pass an image of its own off as one of a commit that the others reviewed.
        bool IsEnough(IReadOnlyCollection<JudgedStatement> about) =>
            about.Any(l => l.CountOf(KeyRole.Build) > 0) || JudgedStatement.KeysOf(KeyRole.SourceReview, about) >= question.ReviewThreshold;
    }

    private static MissingLink NoSource() =>
        new(
            LinkKind.Source,
            "The policy names no repository that may stand behind this image, so that no statement about it relaxes anything.",
            "Ask the platform team to add the image and its repository to origin.sources."
        );

    private static MissingLink NoCommit(IReadOnlyList<JudgedStatement> judged, ImageCoverage coverage, ImageQuestion question)
    {
        var isSigned = judged.Any(s => s is { IsUsable: true, Statement.Claim: SignatureClaim } && coverage.IsAbout(s.Statement));
        return new MissingLink(
            LinkKind.HeadCommit,
            $"No statement that counts names the commit of {coverage.Digest}, the digest that the pod names"
                + (isSigned ? "; a signature of the image alone says nothing of its commit." : "."),
            Stated(judged, question) is { } stated
                ? $"If it was built from commit {stated.HeadCommit}, {AttestAdvice.BuildJob(question, stated)}."
                : "Attest this digest: of an index, the index itself or each of its platforms."
        );
    }

    /// <summary>The one change that is stated beside the image and leads on from what runs; null if there are several, or none.</summary>
    private static ChangeSource? Stated(IReadOnlyList<JudgedStatement> judged, ImageQuestion question)
    {
        var changes = judged
            .Where(s => s is { IsUsable: true, Statement.IsHeardBefore: false })
            .Select(s => s.Change?.Source)
            .OfType<ChangeSource>()
            .ToList();
        var next = changes.FindAll(c => question.Running.Any(r => r.Commit == c.BaseCommit));
        return (next.Count > 0 ? next : changes).DistinctBy(c => c.HeadCommit).ToList() is [var only] ? only : null;
    }

    private static MissingLink Disagreement(IEnumerable<JudgedStatement> several) =>
        new(
            LinkKind.OneCommit,
            "Statements name different commits of this image: "
                + $"{string.Join("; ", several.Take(MostShown).Select(s => $"{s.Repository} {s.Commit} by {string.Join(", ", s.Keys)}"))}.",
            "Find out which of them is wrong, and remove it from the registry. DeployGuard may count it for up to eight minutes more."
        );

    private static (HeadCommit?, MissingLink?, IReadOnlyList<StatementFinding>) TooFewKeys(
        IReadOnlyList<JudgedStatement> links,
        string digest,
        ImageQuestion question
    )
    {
        const string Remedy = "Attest this digest with a key of the role Build, or with another one of the role SourceReview.";
        var count = $"{JudgedStatement.KeysOf(KeyRole.SourceReview, links)} of {question.ReviewThreshold} keys of the role SourceReview";
        var names = string.Join(", ", links.SelectMany(l => l.Keys).Distinct());
        return (
            null,
            new MissingLink(
                LinkKind.HeadCommit,
                $"That {digest} is of commit {links[0].Commit}, {count} say ({names}), and no key of the role Build.",
                Remedy
            ),
            [
                .. links.Select(l =>
                    StatementFinding.Of(
                        l.Statement,
                        FindingKind.BelowThreshold,
                        $"names the commit of {digest}, which {count} do ({names}), and no key of the role Build",
                        Remedy
                    )
                ),
            ]
        );
    }

    private static MissingLink NoPlatform(IEnumerable<PlatformImage> uncovered, ImageCoverage coverage) =>
        new(
            LinkKind.Platform,
            $"No statement that counts is about {string.Join(", ", uncovered.Select(p => $"{p.Platform} ({p.Digest})"))} "
                + $"of the index {coverage.Digest}.",
            "Attest the index, or this platform too."
        );
}
