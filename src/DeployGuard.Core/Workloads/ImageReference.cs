using System.Buffers;
using System.Collections.Frozen;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// A container image as a pod names it: <c>repository[:tag][@digest]</c>. The text is not normalized, because an approval covers exactly
/// the reference that the container runtime receives.
/// </summary>
public sealed record ImageReference(string Text)
{
    /// <summary>Digest algorithms of the OCI image specification that container runtimes verify, with their length in hex digits.</summary>
    private static readonly FrozenDictionary<string, int> s_algorithms = new Dictionary<string, int>
    {
        ["sha256"] = 64,
        ["sha512"] = 128,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly SearchValues<char> s_name = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_/:"
    );

    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary><c>sha256:</c> and 64 lower-case hex digits, or <c>sha512:</c> and 128; null if there is no valid digest.</summary>
    /// <remarks>Other characters before the digest, such as a quote, are rejected. Another parser may read them differently.</remarks>
    public string? Digest =>
        Text.IndexOf('@', StringComparison.Ordinal) is var at and > 0
        && IsDigest(Text.AsSpan(at + 1))
        && !Text.AsSpan(0, at).ContainsAnyExcept(s_name)
            ? Text[(at + 1)..]
            : null;

    /// <summary>It contains <c>@</c> and no valid digest.</summary>
    public bool HasBadDigest => Digest is null && Text.Contains('@', StringComparison.Ordinal);

    /// <summary>
    /// It has a part that only image references have: a registry or repository, a tag or a digest. A single word may mean anything.
    /// </summary>
    public bool LooksLikeImage =>
        !Text.StartsWith('/')
        && !Text.Contains("://", StringComparison.Ordinal)
        && Text.AsSpan().IndexOfAny('/', ':', '@') > 0
        && Text.All(c => c == '@' || s_name.Contains(c));

    /// <summary>The placeholder in charts that an injector replaces with an image.</summary>
    public bool IsPlaceholder => Text == "auto";

    private static bool IsDigest(ReadOnlySpan<char> text) =>
        text.IndexOf(':') is var colon and > 0
        && s_algorithms.TryGetValue(text[..colon].ToString(), out var length)
        && text[(colon + 1)..] is var hex
        && hex.Length == length
        && !hex.ContainsAnyExcept(s_hex);

    public override string ToString() => Text;
}

/// <summary>
/// One field or annotation that names an image. <paramref name="Path"/> is its JSON path in the object,
/// <c>spec.template.spec.containers[0].image</c>.
/// </summary>
public sealed record ImageUse(string Path, ImageReference Reference)
{
    /// <summary>The annotation that names the image; null if the pod spec does.</summary>
    public InjectionAnnotation? InjectedBy { get; init; }

    /// <summary>It belongs to an init container, which may be a native sidecar.</summary>
    public bool IsOfInitContainer => Path.Contains("initContainers[", StringComparison.Ordinal);
}
