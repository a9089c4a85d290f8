using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Comparison;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>One side of a ChangeTemplate in its wire form: gzip and base64, or its size if it is too large.</summary>
internal static class PackedTemplate
{
    /// <summary>Compressed bytes. Two of them in base64 must fit in one etcd object.</summary>
    public const int MaxPacked = 256 * 1024;

    private const int MaxLeftOut = 64 * 1024;

    /// <summary>No object of the API server is larger, so a larger one was not packed by DeployGuard.</summary>
    private const int MaxUnpacked = 4 * 1024 * 1024;

    public static JsonObject Of(RecordedTemplate template)
    {
        var side = new JsonObject
        {
            ["templateHash"] = template.Hash,
            ["legacyHash"] = template.LegacyHash,
            ["bytes"] = template.Json.Length + template.Claims.Length,
        };
        var (packed, claims) = (Pack(template.Json.Span), template.Claims.IsEmpty ? [] : Pack(template.Claims.Span));
        if (packed.Length + claims.Length > MaxPacked)
        {
            side["tooLarge"] = true;
        }
        else
        {
            side["template"] = Convert.ToBase64String(packed);
            JsonWriting.SetOrRemove(side, "claims", Convert.ToBase64String(claims));
        }

        if (template.Unhashed.Length == 0)
        {
            return side;
        }

        if (Pack(template.Unhashed.Span) is { Length: <= MaxLeftOut } leftOut)
        {
            side["leftOut"] = Convert.ToBase64String(leftOut);
        }
        else
        {
            side["leftOutTooLarge"] = true;
        }

        return side;
    }

    /// <summary>Null if the side is absent, too large, or not written by DeployGuard.</summary>
    public static RecordedTemplate? ReadOrNull(JsonElement? side)
    {
        if (
            side is not { ValueKind: JsonValueKind.Object } found
            || found.Text("templateHash") is not { } hash
            || Unpack(found.Text("template")) is not { } json
        )
        {
            return null;
        }

        var template = new RecordedTemplate(
            hash,
            found.Text("legacyHash") ?? "",
            json,
            Unpack(found.Text("claims")) ?? ReadOnlyMemory<byte>.Empty,
            Unpack(found.Text("leftOut")) ?? ReadOnlyMemory<byte>.Empty
        );
        return template.MatchesHash ? template : null;
    }

    private static byte[] Pack(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private static ReadOnlyMemory<byte>? Unpack(string? text)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(text)), CompressionMode.Decompress);
            var bytes = new byte[MaxUnpacked + 1];
            var read = gzip.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read > MaxUnpacked ? null : bytes.AsMemory(0, read);
        }
        catch (Exception foreign) when (foreign is FormatException or InvalidDataException)
        {
            return null;
        }
    }
}
