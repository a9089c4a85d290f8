namespace DeployGuard.Core.Attestations.Trust;

/// <summary>Which digests stand for an image.</summary>
internal sealed class ImageCoverage
{
    private const string Prefix = "sha256:";

    private readonly JudgedImage _image;

    public ImageCoverage(JudgedImage image)
    {
        _image = image;
        Whole = image.PartOf.Append(image.Digest).Select(Bare).ToHashSet(StringComparer.Ordinal);
        Any = image.Platforms.Select(p => Bare(p.Digest)).Concat(Whole).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>A statement about one of these is about the whole image.</summary>
    public IReadOnlySet<string> Whole { get; }

    /// <summary>These, and the platforms of an index.</summary>
    public IReadOnlySet<string> Any { get; }

    public string Digest => Prefix + Bare(_image.Digest);

    /// <summary>Whether a statement is about the image or a platform of it.</summary>
    public bool IsAbout(VerifiedStatement statement) => statement.Subjects.Any(s => s.Sha256 is { } digest && Any.Contains(digest));

    /// <summary>The platforms that too few of these statements are about; empty if enough are about the whole.</summary>
    public IReadOnlyList<PlatformImage> Uncovered(
        IReadOnlyCollection<JudgedStatement> statements,
        Func<IReadOnlyCollection<JudgedStatement>, bool> isEnough
    ) => isEnough([.. statements.Where(IsAboutWhole)]) ? [] : [.. _image.Platforms.Where(p => !isEnough(Concerning(p, statements)))];

    /// <summary>Those about a platform, or about the whole.</summary>
    public IReadOnlyList<JudgedStatement> Concerning(PlatformImage platform, IEnumerable<JudgedStatement> statements)
    {
        var digest = Bare(platform.Digest);
        return [.. statements.Where(s => IsAboutWhole(s) || s.Statement.Subjects.Any(subject => subject.Sha256 == digest))];
    }

    private bool IsAboutWhole(JudgedStatement statement) =>
        statement.Statement.Subjects.Any(s => s.Sha256 is { } digest && Whole.Contains(digest));

    private static string Bare(string digest)
    {
        var hex = digest.StartsWith(Prefix, StringComparison.Ordinal) ? digest[Prefix.Length..] : digest;
        return Hex.IsSha256(hex) ? hex : throw new ArgumentException($"\"{digest}\" is no SHA-256 digest", nameof(digest));
    }
}
