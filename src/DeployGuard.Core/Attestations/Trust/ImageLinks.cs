namespace DeployGuard.Core.Attestations.Trust;

/// <summary>The first link: from the image to its commit.</summary>
internal static class ImageLinks
{
    public static (HeadCommit? Head, MissingLink? Missing) Find(
        IReadOnlyList<JudgedStatement> judged,
        ImageCoverage coverage,
        ImageQuestion question
    )
    {
        if (question.Sources.Count == 0)
        {
            return (null, NoSource());
        }

        var links = judged
            .Where(s => s is { IsUsable: true, Commit: not null, Repository: not null, Statement.Claim: ChangeClaim or BuildClaim })
            .Where(s => coverage.IsAbout(s.Statement))
            .ToList();
        if (links.Count == 0)
        {
            return (null, NoCommit(judged, coverage));
        }

        if (links.DistinctBy(l => (l.Commit, l.Repository)).ToList() is { Count: > 1 } several)
        {
            return (null, Disagreement(several));
        }

        var uncovered = coverage.Uncovered([.. links.Select(l => l.Statement)]);
        return uncovered.Count > 0
            ? (null, NoPlatform(uncovered, coverage))
            : (HeadCommit.Of(links[0].Commit ?? "", links[0].Repository ?? "", links), null);
    }

    private static MissingLink NoSource() =>
        new(
            LinkKind.Source,
            "The policy names no repository that may stand behind this image, so that no statement about it relaxes anything.",
            "Ask the platform team to add the image and its repository to origin.sources."
        );

    private static MissingLink NoCommit(IReadOnlyList<JudgedStatement> judged, ImageCoverage coverage)
    {
        var isSigned = judged.Any(s => s is { IsUsable: true, Statement.Claim: SignatureClaim } && coverage.IsAbout(s.Statement));
        return new MissingLink(
            LinkKind.HeadCommit,
            $"No statement that counts names the commit of {coverage.Digest}, the digest that the pod names"
                + (isSigned ? "; a signature of the image alone says nothing of its commit." : "."),
            "Attest this digest: of an index, the index itself or each of its platforms."
        );
    }

    private static MissingLink Disagreement(IEnumerable<JudgedStatement> several) =>
        new(
            LinkKind.OneCommit,
            "Statements name different commits of this image: "
                + $"{string.Join("; ", several.Select(s => $"{s.Repository} {s.Commit} by {string.Join(", ", s.Keys)}"))}.",
            "Find out which of them is wrong, and remove it from the registry."
        );

    private static MissingLink NoPlatform(IEnumerable<PlatformImage> uncovered, ImageCoverage coverage) =>
        new(
            LinkKind.Platform,
            $"No statement that counts is about {string.Join(", ", uncovered.Select(p => $"{p.Platform} ({p.Digest})"))} "
                + $"of the index {coverage.Digest}.",
            "Attest the index, or this platform too."
        );
}
