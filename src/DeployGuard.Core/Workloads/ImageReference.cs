using System.Buffers;
using System.Collections.Frozen;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// A container image as a pod names it: <c>repository[:tag][@digest]</c>. The text is kept as written; nothing is
/// normalized, because an approval binds what the container runtime will be asked for.
/// </summary>
public sealed record ImageReference(string Text)
{
    /// <summary>The algorithms that the image specification registers and container runtimes check, with the length of their digests in hex digits.</summary>
    private static readonly FrozenDictionary<string, int> s_algorithms =
        new Dictionary<string, int> { ["sha256"] = 64, ["sha512"] = 128 }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly SearchValues<char> s_name = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_/:");

    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary>
    /// <c>sha256:</c> and 64 lower-case hex digits, or <c>sha512:</c> and 128; null if the image is named by tag alone, or by what is no
    /// such digest.
    /// </summary>
    /// <remarks>Anything else before the digest, such as a quote, may be read otherwise by what puts the text into a pod.</remarks>
    public string? Digest => Text.IndexOf('@', StringComparison.Ordinal) is var at and > 0 && IsDigest(Text.AsSpan(at + 1)) && !Text.AsSpan(0, at).ContainsAnyExcept(s_name)
        ? Text[(at + 1)..]
        : null;

    /// <summary>It ends in something that is meant for a digest.</summary>
    public bool HasBadDigest => Digest is null && Text.Contains('@', StringComparison.Ordinal);

    /// <summary>It has what only image references have: a registry or repository, a tag or a digest. A bare word may be anything.</summary>
    public bool LooksLikeOne => !Text.StartsWith('/') && !Text.Contains("://", StringComparison.Ordinal) && Text.AsSpan().IndexOfAny('/', ':', '@') > 0
        && Text.All(c => c == '@' || s_name.Contains(c));

    /// <summary>What charts write where an injector puts the image in.</summary>
    public bool IsPlaceholder => Text == "auto";

    private static bool IsDigest(ReadOnlySpan<char> text) =>
        text.IndexOf(':') is var colon and > 0
        && s_algorithms.TryGetValue(text[..colon].ToString(), out var length)
        && text[(colon + 1)..] is var hex && hex.Length == length && !hex.ContainsAnyExcept(s_hex);

    public override string ToString() => Text;
}

/// <summary>One place that names an image. <paramref name="Path"/> is its JSON path in the object, <c>spec.template.spec.containers[0].image</c>.</summary>
public sealed record ImageUse(string Path, ImageReference Reference)
{
    /// <summary>The annotation that names it; null where the pod's spec does.</summary>
    public InjectionAnnotation? InjectedBy { get; init; }

    /// <summary>It runs before the main containers, or as a native sidecar beside them.</summary>
    public bool IsOfInitContainer => Path.Contains("initContainers[", StringComparison.Ordinal);
}
