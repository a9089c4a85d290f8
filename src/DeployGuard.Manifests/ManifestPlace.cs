namespace DeployGuard.Manifests;

/// <summary>Where an object is written.</summary>
/// <param name="File">As it was given; a sentence for what is no file, such as standard input.</param>
/// <param name="Line">The first line of the object, from 1.</param>
public sealed record ManifestPlace(string File, long Line)
{
    /// <summary>Its path in the document that it is an item of, such as <c>items[3]</c>; empty for a document of its own.</summary>
    public string Item { get; init; } = "";

    /// <summary>The git ref that the file was read from; empty for the file as it is now.</summary>
    public string Reference { get; init; } = "";

    internal FieldLines Lines { get; init; } = FieldLines.None;

    public override string ToString() => AtLine(Line) + (Item.Length > 0 ? $" {Item}" : "");

    /// <summary>The place of a field in the object.</summary>
    /// <param name="path">As for <see cref="LineOf"/>.</param>
    public string AtField(string path) => AtLine(LineOf(path)) + (Item.Length > 0 ? $" {Item}" : "");

    /// <summary>The line of a field, or of the closest field around it that is written out.</summary>
    /// <param name="path">Such as <c>spec.template.spec.containers[0].image</c>.</param>
    public long LineOf(string path) => Lines.Find(Item.Length > 0 ? $"{Item}.{path}" : path) ?? Line;

    internal ManifestPlace At(string item) => this with { Line = Lines.Find(item) ?? Line, Item = item };

    private string AtLine(long line) => $"{File}:{line}{(Reference.Length > 0 ? $" at {Reference}" : "")}";
}
