using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Tests;

namespace DeployGuard.EndToEnd;

/// <summary>Pushes images and other manifests to a repository of a real registry.</summary>
internal sealed class RegistryPush : IDisposable
{
    private readonly HttpClient _http;

    public RegistryPush(string host, string repository, string user, string password)
    {
        _http = new HttpClient(
            new HttpClientHandler
            {
                ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
            }
        )
        {
            BaseAddress = new Uri($"https://{host}/v2/{repository}/"),
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))
        );
    }

    /// <summary>An image with a label <c>seed</c>, and with others.</summary>
    public async Task<Digest> ImageAsync(string seed, params IEnumerable<(string Key, string Value)> labels)
    {
        var all = JsonSerializer.Serialize(labels.Append(("seed", seed)).ToDictionary(l => l.Item1, l => l.Item2));
        var config = $$"""{"os": "linux", "config": {"Labels": {{all}} } }""";
        return (await ManifestAsync(Documents.Manifest(await BlobAsync(MediaTypes.ImageConfig, config), []))).Digest;
    }

    /// <summary>An image whose manifest has so many annotations.</summary>
    public async Task<Digest> AnnotatedImageAsync(string seed, int annotations)
    {
        var config = await BlobAsync(MediaTypes.ImageConfig, $$"""{"os": "linux", "config": {"Labels": {"seed": "{{seed}}"} } }""");
        var texts = Enumerable.Range(1, annotations).ToDictionary(i => $"{i}", _ => "");
        return (await ManifestAsync(Documents.Manifest(config, [], annotations: texts))).Digest;
    }

    /// <summary>Returns its descriptor.</summary>
    public async Task<string> BlobAsync(string mediaType, string text, IReadOnlyDictionary<string, string>? annotations = null)
    {
        var content = Documents.Bytes(text);
        var digest = Digest.Of(content);
        using var started = await _http.PostAsync(new Uri("blobs/uploads/", UriKind.Relative), null);
        started.EnsureSuccessStatusCode();
        var upload = new UriBuilder(started.Headers.Location ?? throw new InvalidOperationException("no upload"));
        upload.Query = $"{upload.Query}&digest={Uri.EscapeDataString($"{digest}")}";
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var stored = await _http.PutAsync(upload.Uri, body);
        stored.EnsureSuccessStatusCode();
        return Documents.Descriptor(mediaType, digest, content.Length, annotations: annotations);
    }

    public async Task<(Digest Digest, long Size)> ManifestAsync(byte[] manifest, string mediaType = MediaTypes.Manifest, string? tag = null)
    {
        var digest = Digest.Of(manifest);
        using var body = new ByteArrayContent(manifest);
        body.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var stored = await _http.PutAsync(new Uri($"manifests/{tag ?? $"{digest}"}", UriKind.Relative), body);
        Assert.That(stored.IsSuccessStatusCode, await stored.Content.ReadAsStringAsync());
        return (digest, manifest.Length);
    }

    /// <summary>A list of referrers under the fallback tag, of which one entry has more annotations than are read.</summary>
    public async Task UnreadableListAsync(Digest image)
    {
        var texts = Enumerable.Range(0, 1001).ToDictionary(i => $"{i}", _ => "");
        var entry = Documents.Descriptor(MediaTypes.Manifest, image, 1, annotations: texts);
        await ManifestAsync(Documents.Index([entry]), MediaTypes.Index, image.Tag);
    }

    public async Task TagAsync(Digest image, string tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"manifests/{image}", UriKind.Relative));
        request.Headers.Accept.ParseAdd(MediaTypes.Manifest);
        using var found = await _http.SendAsync(request);
        found.EnsureSuccessStatusCode();
        await ManifestAsync(await found.Content.ReadAsByteArrayAsync(), tag: tag);
    }

    public void Dispose() => _http.Dispose();
}
