using System.Text.Json;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests;

/// <summary>Fills a repository of a <see cref="FakeRegistry"/> as the tools do.</summary>
internal sealed class Repository(FakeRegistry registry, string name = "acme/web")
{
    public string Name => name;

    public PinnedImage Image(Digest digest) => registry.Image(name, digest);

    /// <summary>An image with one layer that nobody pulls.</summary>
    public Digest PushImage(
        string seed = "1",
        IReadOnlyDictionary<string, string>? labels = null,
        IReadOnlyDictionary<string, string>? annotations = null
    )
    {
        var config = Blob(
            MediaTypes.ImageConfig,
            Documents.Bytes($$"""{"os": "linux", "seed": "{{seed}}", "config": {"Labels": {{JsonSerializer.Serialize(labels)}} } }""")
        );
        return PushManifest(Documents.Manifest(config, [], annotations: annotations));
    }

    public Digest PushIndex(params IEnumerable<(string Os, string Architecture, Digest Digest)> platforms) =>
        PushManifest(
            Documents.Index(
                platforms.Select(p => Documents.Descriptor(MediaTypes.Manifest, p.Digest, 1, Documents.Platform(p.Os, p.Architecture)))
            ),
            MediaTypes.Index
        );

    /// <summary>Returns its digest; it can be read by that and by the tag.</summary>
    public Digest PushManifest(byte[] manifest, string mediaType = MediaTypes.Manifest, string? tag = null)
    {
        var digest = Digest.Of(manifest);
        registry.Contents[$"{name}/manifests/{digest}"] = (mediaType, manifest);
        if (tag is not null)
        {
            registry.Contents[$"{name}/manifests/{tag}"] = (mediaType, manifest);
        }

        return digest;
    }

    /// <summary>Returns its descriptor.</summary>
    public string Blob(string mediaType, byte[] content, IReadOnlyDictionary<string, string>? annotations = null)
    {
        var digest = Digest.Of(content);
        registry.Contents[$"{name}/blobs/{digest}"] = ("application/octet-stream", content);
        return Documents.Descriptor(mediaType, digest, content.Length, annotations: annotations);
    }

    /// <summary>As cosign 3 does where there is a referrers API.</summary>
    public void AttachReferrer(Digest subject, string content, string mediaType = MediaTypesOf.Bundle) =>
        registry.Referrers?.GetOrAdd($"{name}/referrers/{subject}", _ => []).Add(PushMember(content, mediaType, mediaType));

    /// <summary>As cosign 3 does without one: the descriptor does not name the type of the bundle.</summary>
    public void AttachByFallbackTag(Digest subject, params IEnumerable<string> contents) =>
        PushManifest(
            Documents.Index(contents.Select(c => PushMember(c, MediaTypesOf.Bundle, MediaTypes.Empty))),
            MediaTypes.Index,
            subject.Tag
        );

    /// <summary>As cosign 2 does: one manifest, a layer for each statement.</summary>
    public void AttachByClassicTag(Digest subject, string suffix, string mediaType, params IEnumerable<string> contents) =>
        PushManifest(
            Documents.Manifest(
                Blob(MediaTypes.ImageConfig, Documents.Bytes("{}")),
                contents.Select(c => Blob(mediaType, Documents.Bytes(c), new Dictionary<string, string> { ["note"] = c }))
            ),
            tag: subject.Tag + suffix
        );

    /// <summary>Returns the descriptor of a manifest that holds one content.</summary>
    public string PushMember(string content, string mediaType, string describedAs)
    {
        var manifest = Documents.Manifest(
            Blob(MediaTypes.Empty, Documents.Bytes("{}")),
            [Blob(mediaType, Documents.Bytes(content))],
            mediaType,
            new Dictionary<string, string> { ["holds"] = content[..Math.Min(content.Length, 1000)] }
        );
        return Documents.Descriptor(
            MediaTypes.Manifest,
            PushManifest(manifest),
            manifest.Length,
            $"""
            "artifactType": "{describedAs}"
            """
        );
    }
}
