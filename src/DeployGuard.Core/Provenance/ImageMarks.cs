using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Provenance;

/// <summary>A label of an image's configuration, or an annotation of its manifest or index.</summary>
public readonly record struct ImageText(bool IsLabel, string Key, string Value);

/// <summary>
/// What an image says of itself: our own keys, named authors, and what known tools write. The pusher can write it, so it
/// only tightens; a base image hands its labels down.
/// </summary>
public static class ImageMarks
{
    private const string Oci = "org.opencontainers.image.";

    /// <summary>Longer texts are read up to here.</summary>
    private const int MaxRead = 16 * 1024;

    private const int MaxOfImage = 10;

    /// <param name="image">As its repository and digest, for the record.</param>
    /// <param name="texts">Of all its platforms.</param>
    public static IReadOnlyList<Evidence> Of(string image, IEnumerable<ImageText> texts) =>
        [
            .. texts
                .SelectMany(t => Of(image, t))
                .DistinctBy(e => (e.Source, e.Key, e.Value))
                // A flood of authors must not hide a sign of AI.
                .OrderBy(e => OriginReader.SaysAi(e) ? 0 : 1)
                .Take(MaxOfImage),
        ];

    private static IEnumerable<Evidence> Of(string image, ImageText text)
    {
        var value = text.Value.Length > MaxRead ? text.Value[..MaxRead] : text.Value;
        if (value.Trim().Length == 0)
        {
            yield break;
        }

        var kind = text.IsLabel ? "image label" : "image annotation";
        if (OriginReader.IsClaim(text.Key))
        {
            yield return OriginReader.ImageClaim($"{kind} of {image}", text.Key, value);
        }

        foreach (var (tool, what) in ToolsIn(text.Key, value).Distinct())
        {
            yield return OriginReader.ImageMark(kind, image, VisibleText.Inline(text.Key), tool, what);
        }
    }

    /// <summary>
    /// By the key itself, such as <c>Assisted-by</c>; by the accounts of tools among the authors; and by trailers in what the standard keys
    /// hold, because some builds copy the message of a commit there.
    /// </summary>
    private static IEnumerable<(string Tool, string What)> ToolsIn(string key, string value)
    {
        var known = Detectors.BuiltIn;
        if (known.ToolOfTrailer(key, value.Trim()) is { } named)
        {
            yield return (named, value.Trim());
        }

        if (key == OriginReader.ImageAuthors)
        {
            foreach (var author in value.Split([',', '\n']).Select(Person.Parse))
            {
                if (known.ToolOf(author) is { } tool)
                {
                    yield return (tool, $"{author}");
                }
            }
        }

        foreach (var line in key.StartsWith(Oci, StringComparison.Ordinal) ? MessageLine.In(value) : [])
        {
            var byTrailer = line.Trailer is var (name, content) ? known.ToolOfTrailer(name, content) : null;
            if ((known.ToolOfLine(line.Text) ?? byTrailer) is { } tool)
            {
                yield return (tool, line.Text);
            }
        }
    }
}
