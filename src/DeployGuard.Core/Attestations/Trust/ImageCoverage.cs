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

    /// <summary>The platforms that none of these statements is about; empty if one is about the whole.</summary>
    public IReadOnlyList<PlatformImage> Uncovered(IReadOnlyCollection<VerifiedStatement> statements)
    {
        var digests = statements.SelectMany(s => s.Subjects).Select(s => s.Sha256).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return Whole.Overlaps(digests) ? [] : [.. _image.Platforms.Where(p => !digests.Contains(Bare(p.Digest)))];
    }

    private static string Bare(string digest)
    {
        var hex = digest.StartsWith(Prefix, StringComparison.Ordinal) ? digest[Prefix.Length..] : digest;
        return Hex.IsSha256(hex) ? hex : throw new ArgumentException($"\"{digest}\" is no SHA-256 digest", nameof(digest));
    }
}
