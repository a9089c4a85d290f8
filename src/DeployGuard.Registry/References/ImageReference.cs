using System.Text.RegularExpressions;

namespace DeployGuard.Registry.References;

/// <summary>An image as a pod names it: a repository, with a tag, a digest or both.</summary>
public sealed partial record ImageReference(RepositoryName Repository, string? Tag, Digest? Digest)
{
    private const int Longest = 1024;

    /// <summary>
    /// The exact image. Where there are a tag and a digest, the digest decides, and the tag is never asked about. Null without a digest:
    /// what a tag names now need not be what runs later.
    /// </summary>
    public PinnedImage? Pinned => Digest is null ? null : new PinnedImage(Repository, Digest);

    /// <summary>Null if a container runtime would refuse the text.</summary>
    public static ImageReference? TryParse(string text)
    {
        if (text.Length > Longest)
        {
            return null;
        }

        var at = text.IndexOf('@', StringComparison.Ordinal);
        var digest = at < 0 ? null : Digest.TryParse(text[(at + 1)..]);
        var name = at < 0 ? text : text[..at];
        var colon = name.LastIndexOf(':');
        // A colon before the last slash is that of a port.
        var tagged = colon > name.LastIndexOf('/');
        var tag = tagged ? name[(colon + 1)..] : null;
        var repository = RepositoryName.TryParse(tagged ? name[..colon] : name);
        return repository is null || (at >= 0 && digest is null) || (tag is not null && !TagForm().IsMatch(tag))
            ? null
            : new ImageReference(repository, tag, digest);
    }

    public override string ToString() => $"{Repository}{(Tag is null ? "" : $":{Tag}")}{(Digest is null ? "" : $"@{Digest}")}";

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TagForm();
}

/// <summary>An image that cannot change any more.</summary>
public sealed record PinnedImage(RepositoryName Repository, Digest Digest)
{
    public override string ToString() => $"{Repository}@{Digest}";
}
