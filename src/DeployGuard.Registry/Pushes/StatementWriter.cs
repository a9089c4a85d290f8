using System.Text.Json.Nodes;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Pushes;

/// <summary>Puts a statement beside an image, where tools look for it.</summary>
internal sealed class StatementWriter(RepositoryReader reader, RepositoryWriter writer, PushRequest request, TimeProvider time)
{
    private const string ClassicTag = ".att";

    private static readonly byte[] s_empty = "{}"u8.ToArray();

    private Digest Image => request.Image.Digest;

    /// <exception cref="RegistryException">There is no such image, or the statement was not stored.</exception>
    public async Task<PushResult> WriteAsync(CancellationToken cancel)
    {
        var image =
            await reader.DescriptorAsync(Image, cancel)
            ?? throw new RegistryException(FailureCause.Unexpected, $"{reader.Repository} has no image {Image}");
        var content = await writer.BlobAsync(request.Content, cancel);
        return request.Place is PushPlace.Referrer
            ? await WriteReferrerAsync(image, content, cancel)
            : await WriteTagAsync(content, cancel);
    }

    private async Task<PushResult> WriteReferrerAsync(Descriptor image, Digest content, CancellationToken cancel)
    {
        var config = OciJson.Descriptor(MediaTypes.Empty, await writer.BlobAsync(s_empty, cancel), s_empty.Length);
        var json = OciJson.Manifest(config, [OciJson.Descriptor(request.MediaType, content, request.Content.Length)]);
        json["artifactType"] = request.MediaType;
        json["subject"] = OciJson.Descriptor(image.MediaType, image.Digest, image.Size);
        json["annotations"] = OciJson.Texts(request.Annotations);
        var manifest = OciJson.Bytes(json);
        var digest = Digest.Of(manifest);
        if (await writer.ManifestAsync($"{digest}", MediaTypes.Manifest, manifest, cancel))
        {
            return new PushResult($"referrers of {request.Image}", digest);
        }

        var member = OciJson.Descriptor(MediaTypes.Manifest, digest, manifest.Length, request.Annotations);
        member["artifactType"] = request.MediaType;
        await new TagUpdate(reader, writer, time).AddAsync(
            Image.Tag,
            MediaTypes.Index,
            "manifests",
            digest,
            former => Task.FromResult(WithMember(former, digest, member)),
            cancel
        );
        return new PushResult($"tag {Image.Tag} of {reader.Repository}", digest);
    }

    private byte[] WithMember(byte[]? former, Digest digest, JsonObject member)
    {
        var (index, members) =
            OciJson.TryReadList(former ?? OciJson.Bytes(OciJson.Index()), "manifests") ?? throw NotAList(Image.Tag, "index");
        if (!members.Any(m => OciJson.DigestOf(m) == $"{digest}"))
        {
            members.Add(member.DeepClone());
        }

        return OciJson.Bytes(index);
    }

    private async Task<PushResult> WriteTagAsync(Digest content, CancellationToken cancel)
    {
        var tag = Image.Tag + ClassicTag;
        var layer = OciJson.Descriptor(request.MediaType, content, request.Content.Length, request.Annotations);
        var manifest = await new TagUpdate(reader, writer, time).AddAsync(
            tag,
            MediaTypes.Manifest,
            "layers",
            content,
            former => WithLayerAsync(tag, former, content, layer, cancel),
            cancel
        );
        return new PushResult($"tag {tag} of {reader.Repository}", manifest);
    }

    private async Task<byte[]> WithLayerAsync(string tag, byte[]? former, Digest content, JsonObject layer, CancellationToken cancel)
    {
        var empty = OciJson.Bytes(OciJson.Manifest([], []));
        var (manifest, layers) = OciJson.TryReadList(former ?? empty, "layers") ?? throw NotAList(tag, "image manifest");
        if (!layers.Any(l => OciJson.DigestOf(l) == $"{content}"))
        {
            layers.Add(layer.DeepClone());
        }

        // It names every layer: a tool that adds one compares their number.
        var config = OciJson.Bytes(Config([.. layers.Select(OciJson.DigestOf)]));
        manifest["config"] = OciJson.Descriptor(MediaTypes.ImageConfig, await writer.BlobAsync(config, cancel), config.Length);
        return OciJson.Bytes(manifest);
    }

    private static JsonObject Config(IEnumerable<string?> layers) =>
        new()
        {
            ["architecture"] = "",
            ["os"] = "",
            ["config"] = new JsonObject(),
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. layers.Select(l => (JsonNode?)l)]) },
        };

    private RegistryException NotAList(string tag, string expected) =>
        new(FailureCause.BadContent, $"tag {tag} of {reader.Repository} is no {expected}, so nothing was added to it");
}
