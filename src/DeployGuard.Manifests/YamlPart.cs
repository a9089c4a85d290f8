namespace DeployGuard.Manifests;

/// <summary>The text between two <c>---</c> lines of a stream.</summary>
/// <param name="Source">The file, for messages.</param>
/// <param name="FirstLine">Number of its first line in the file, from 1.</param>
internal sealed record YamlPart(string Source, int FirstLine, string Text)
{
    /// <summary>File and line for messages.</summary>
    /// <param name="line">From 1, within the part.</param>
    public string At(long line) => $"{Source}:{FirstLine + line - 1}";

    /// <summary>The place of an object in the part.</summary>
    /// <param name="line">From 1, within the part.</param>
    public ManifestPlace PlaceAt(long line, FieldLines lines) => new(Source, FirstLine + line - 1) { Lines = lines };
}
