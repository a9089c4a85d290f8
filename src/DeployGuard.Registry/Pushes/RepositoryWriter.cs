using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Pushes;

/// <summary>Stores blobs and manifests in one repository.</summary>
internal sealed class RepositoryWriter(RepositorySession session)
{
    private const string Any = "*/*";

    // Answers to uploads have no body that is read.
    private const int NoBody = 64 * 1024;

    /// <exception cref="RegistryException">It was not stored.</exception>
    public async Task<Digest> BlobAsync(ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        var digest = Digest.Of(content.Span);
        var started = await session.SendAsync(Asked(HttpMethod.Post, session.Url("blobs/uploads/")), cancel);
        var upload = started.Status == 202 ? UploadUrl(started.Location, digest) : throw Unexpected(started, HttpMethod.Post);
        var body = new RequestBody("application/octet-stream", content);
        var stored = await session.SendAsync(Asked(HttpMethod.Put, upload) with { Body = body }, cancel);
        return stored.Status == 201 ? digest : throw Unexpected(stored, HttpMethod.Put);
    }

    /// <param name="reference">A tag, or the digest of the content.</param>
    /// <returns>Whether the registry lists it as a referrer of its subject.</returns>
    /// <exception cref="RegistryException">It was not stored.</exception>
    public async Task<bool> ManifestAsync(string reference, string mediaType, byte[] content, CancellationToken cancel)
    {
        var body = new RequestBody(mediaType, content);
        var stored = await session.SendAsync(Asked(HttpMethod.Put, session.Url($"manifests/{reference}")) with { Body = body }, cancel);
        return stored.Status == 201 ? stored.HasSubject : throw Unexpected(stored, HttpMethod.Put);
    }

    private static Ask Asked(HttpMethod method, Uri url) => new(url, Any, NoBody) { Method = method };

    /// <summary>Content and credentials go to the registry itself, and to no other host that it names.</summary>
    private Uri UploadUrl(string? location, Digest digest)
    {
        var uploads = session.Url("blobs/uploads/");
        if (location is null || !Uri.TryCreate(uploads, location, out var given) || given.UserInfo.Length > 0)
        {
            throw new RegistryException(FailureCause.Unexpected, $"{session.Registry} did not say where to upload");
        }

        // Behind a proxy that ends TLS, some registries name themselves with http.
        var url = new UriBuilder(given) { Scheme = uploads.Scheme, Port = given.IsDefaultPort ? -1 : given.Port };
        url.Query = $"{(given.Query.Length > 0 ? $"{given.Query[1..]}&" : "")}digest={Uri.EscapeDataString($"{digest}")}";
        return url.Uri.Authority == uploads.Authority
            ? url.Uri
            : throw new RegistryException(
                FailureCause.RedirectNotListed,
                $"{session.Registry} wants uploads sent to {given.Authority}, another host, so nothing was sent there"
            );
    }

    private RegistryException Unexpected(Reply reply, HttpMethod method) =>
        new(
            reply.IsTransient ? FailureCause.ServerError : FailureCause.Unexpected,
            $"{session.Registry} answered {reply.Status} to {method} {reply.Url.AbsolutePath}"
        );
}
