using System.Text.Json;
using DeployGuard.Registry.References;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Registry.Tests;

/// <summary>The writing half of a <see cref="FakeRegistry"/>.</summary>
internal static class FakeUploads
{
    private const string Uploads = "/blobs/uploads/";
    private const string Manifests = "/manifests/";

    /// <summary>False if the request writes nothing.</summary>
    public static async Task<bool> TakeAsync(FakeRegistry registry, HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value ?? "");
        var key = path["/v2/".Length..];
        if (method == "POST" && path.EndsWith(Uploads, StringComparison.Ordinal))
        {
            context.Response.StatusCode = 202;
            context.Response.Headers.Location = $"{path}1?state=s";
        }
        else if (method == "PUT" && path.Contains(Uploads, StringComparison.Ordinal))
        {
            await StoreBlobAsync(registry, context, key[..key.IndexOf(Uploads, StringComparison.Ordinal)]);
        }
        else if (method == "PUT" && path.Contains(Manifests, StringComparison.Ordinal))
        {
            await StoreManifestAsync(registry, context, key[..key.IndexOf(Manifests, StringComparison.Ordinal)], key);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static async Task StoreBlobAsync(FakeRegistry registry, HttpContext context, string repository)
    {
        var content = await BodyAsync(context);
        var digest = $"{context.Request.Query["digest"]}";
        var isRight = digest == $"{Digest.Of(content)}" && context.Request.Query["state"] == "s";
        context.Response.StatusCode = isRight ? 201 : 400;
        if (isRight)
        {
            registry.Contents[$"{repository}/blobs/{digest}"] = ("application/octet-stream", content);
        }
    }

    /// <summary>As real registries do, it refuses a manifest whose blobs are missing.</summary>
    private static async Task StoreManifestAsync(FakeRegistry registry, HttpContext context, string repository, string key)
    {
        var content = await BodyAsync(context);
        using var manifest = JsonDocument.Parse(content);
        var blobs = Digests(manifest.RootElement, "config").Concat(Digests(manifest.RootElement, "layers"));
        if (blobs.Any(b => !registry.Contents.ContainsKey($"{repository}/blobs/{b}")))
        {
            context.Response.StatusCode = 400;
            return;
        }

        var digest = Digest.Of(content);
        var stored = (context.Request.ContentType ?? "", content);
        registry.Contents[key] = registry.Contents[$"{repository}/manifests/{digest}"] = stored;
        if (registry.Referrers is { } referrers && Digests(manifest.RootElement, "subject").SingleOrDefault() is { } subject)
        {
            context.Response.Headers["OCI-Subject"] = subject;
            referrers
                .GetOrAdd($"{repository}/referrers/{subject}", _ => [])
                .Add(Documents.Descriptor(stored.Item1, digest, content.Length));
        }

        context.Response.StatusCode = 201;
    }

    private static IEnumerable<string> Digests(JsonElement manifest, string field) =>
        !manifest.TryGetProperty(field, out var value) ? []
        : value.ValueKind is JsonValueKind.Array ? value.EnumerateArray().Select(DigestOf)
        : [DigestOf(value)];

    private static string DigestOf(JsonElement descriptor) => descriptor.GetProperty("digest").GetString() ?? "";

    private static async Task<byte[]> BodyAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }
}
