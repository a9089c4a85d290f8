using System.Buffers;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// A container image as a pod names it: <c>repository[:tag][@digest]</c>. The text is kept as written; nothing is
/// normalized, because an approval binds what the container runtime will be asked for.
/// </summary>
public sealed record ImageReference(string Text)
{
    private const string DigestMarker = "@sha256:";

    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary><c>sha256:</c> and 64 lower-case hex digits; null if the image is named by tag alone, or the digest is malformed.</summary>
    public string? Digest
    {
        get
        {
            var at = Text.IndexOf(DigestMarker, StringComparison.Ordinal);
            var hex = at < 0 ? default : Text.AsSpan(at + DigestMarker.Length);
            return hex.Length == 64 && !hex.ContainsAnyExcept(s_hex) ? Text[(at + 1)..] : null;
        }
    }

    public override string ToString() => Text;
}

/// <summary>One place that names an image. <paramref name="Path"/> is its JSON path in the object, <c>spec.template.spec.containers[0].image</c>.</summary>
public sealed record ImageUse(string Path, ImageReference Reference)
{
    /// <summary>It runs before the main containers, or as a native sidecar beside them.</summary>
    public bool IsOfInitContainer => Path.Contains("initContainers[", StringComparison.Ordinal);
}
