using System.Text;
using System.Text.Json;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests;

internal static class MediaTypesOf
{
    public const string Index = MediaTypes.Index;
    public const string Bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
}

/// <summary>The JSON of manifests, indexes and their entries.</summary>
internal static class Documents
{
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Index(IEnumerable<string> descriptors, IReadOnlyDictionary<string, string>? annotations = null) =>
        Bytes(
            $$"""
            {"schemaVersion": 2, "mediaType": "{{MediaTypes.Index}}", "manifests": [{{string.Join(',', descriptors)}}],
             "annotations": {{Texts(annotations)}}}
            """
        );

    public static byte[] Manifest(
        string config,
        IEnumerable<string> layers,
        string? artifactType = null,
        IReadOnlyDictionary<string, string>? annotations = null
    ) =>
        Bytes(
            $$"""
            {"schemaVersion": 2, "mediaType": "{{MediaTypes.Manifest}}", "config": {{config}}, "layers": [{{string.Join(',', layers)}}],
             {{(artifactType is null ? "" : $"\"artifactType\": \"{artifactType}\",")}} "annotations": {{Texts(annotations)}}}
            """
        );

    /// <param name="more">Further fields, such as <c>"artifactType": "x"</c>.</param>
    public static string Descriptor(
        string mediaType,
        Digest digest,
        long size,
        string more = "",
        IReadOnlyDictionary<string, string>? annotations = null
    ) =>
        $$"""
            {"mediaType": "{{mediaType}}", "digest": "{{digest}}", "size": {{size}}, "annotations": {{Texts(annotations)}}
             {{(more.Length == 0 ? "" : $", {more}")}}}
            """;

    public static string Platform(string os, string architecture) =>
        $$"""
            "platform": {"os": "{{os}}", "architecture": "{{architecture}}"}
            """;

    private static string Texts(IReadOnlyDictionary<string, string>? texts) =>
        JsonSerializer.Serialize(texts ?? new Dictionary<string, string>());
}
