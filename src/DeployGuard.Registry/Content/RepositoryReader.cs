using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Content;

/// <summary>Reads manifests, blobs and referrers of one repository. Everything with a digest is compared with it.</summary>
internal sealed class RepositoryReader(RepositorySession session, LookupLimits limits, ReadBudget budget)
{
    private int _answers;

    // What registries without the referrers API answer to its path.
    private static readonly int[] s_noReferrersApi = [400, 404, 405, 406, 410, 501];

    public RepositoryName Repository => session.Repository;

    public IReadOnlyList<string> CredentialsTried => session.Tried;

    /// <summary>Whether there was any answer, also that something is not there. A request for a token is none.</summary>
    public bool WasAnswered => Volatile.Read(ref _answers) > 0;

    /// <summary>Whether it was asked for longer than a registry that is there needs to answer anything.</summary>
    public bool IsAway => !WasAnswered && session.SinceFirstSent >= limits.Away;

    /// <summary>Null if there is no such manifest.</summary>
    public Task<Manifest?> ManifestAsync(Digest digest, CancellationToken cancel) => ManifestAsync(digest, limits.ManifestBytes, cancel);

    /// <summary>The same for one that holds statements: it is small.</summary>
    public Task<Manifest?> MemberAsync(Digest digest, CancellationToken cancel) => ManifestAsync(digest, limits.MemberBytes, cancel);

    private async Task<Manifest?> ManifestAsync(Digest digest, int most, CancellationToken cancel)
    {
        var reply = await ReadManifestAsync(digest.ToString(), most, cancel);
        return reply is null ? null
            : digest.IsOf(reply.Body) ? Parse(reply, digest)
            : throw new RegistryException(FailureCause.BadContent, $"{Repository}@{digest}: the registry answered with other content");
    }

    /// <summary>What a referrer says of its subject; null if there is no such manifest.</summary>
    public async Task<Descriptor?> DescriptorAsync(Digest digest, CancellationToken cancel)
    {
        var reply = await ReadManifestAsync(digest.ToString(), limits.ManifestBytes, cancel);
        return reply is null ? null
            : digest.IsOf(reply.Body)
                ? new Descriptor(Parse(reply, digest).MediaType, digest, reply.Body.Length, null, null, new Dictionary<string, string>())
            : throw new RegistryException(FailureCause.BadContent, $"{Repository}@{digest}: the registry answered with other content");
    }

    /// <summary>What a tag names, byte for byte; null if there is no such tag. For who changes it.</summary>
    public async Task<byte[]?> TaggedBytesAsync(string tag, CancellationToken cancel) =>
        (await ReadManifestAsync(tag, limits.ManifestBytes, cancel))?.Body;

    /// <summary>
    /// Null if there is no such tag. Only for tags whose name holds the digest of the image that they are about: what an image's own tag
    /// names may change at any time.
    /// </summary>
    public async Task<Manifest?> TaggedAsync(string tag, CancellationToken cancel)
    {
        var reply = await ReadManifestAsync(tag, limits.ManifestBytes, cancel);
        return reply is null ? null : Parse(reply, Digest.Of(reply.Body));
    }

    /// <exception cref="RegistryException">It is missing, too large, or not what its descriptor says.</exception>
    public async Task<byte[]> BlobAsync(Descriptor blob, CancellationToken cancel)
    {
        if (blob.Size > limits.BlobBytes)
        {
            throw new RegistryException(
                FailureCause.TooLarge,
                $"{Repository}@{blob.Digest} has {blob.Size} bytes, more than {limits.BlobBytes}"
            );
        }

        var reply = Answered(
            await budget.ReadAsync(holder => session.GetAsync($"blobs/{blob.Digest}", "*/*", limits.BlobBytes, holder, cancel), cancel)
        );
        if (reply.Status == 404)
        {
            throw new RegistryException(FailureCause.BadContent, $"{Repository}@{blob.Digest} is missing");
        }

        var body = reply.Status == 200 ? reply.Body : throw Unexpected(reply);
        return body.Length == blob.Size && blob.Digest.IsOf(body)
            ? body
            : throw new RegistryException(FailureCause.BadContent, $"{Repository}@{blob.Digest}: the registry answered with other content");
    }

    /// <summary>The manifests that refer to a digest; null if the registry has no referrers API.</summary>
    public async Task<Referrers?> ReferrersAsync(Digest digest, CancellationToken cancel)
    {
        var first = session.Url($"referrers/{digest}");
        var found = Referrers.None;
        var url = first;
        for (var pages = 1; ; pages++)
        {
            var page = await PageAsync(url, cancel);
            if (pages == 1 && page is not null && s_noReferrersApi.Contains(page.Status))
            {
                return null;
            }

            if (page is { Status: not 200 })
            {
                throw Unexpected(page);
            }

            // The registry copies the annotations of all referrers into its list, so anybody who may push can make it unreadable.
            if (page is null || ManifestParser.TryParse(page.Body, digest, page.MediaType) is not { IsIndex: true } index)
            {
                // The page of a web site that answers every path with 200 is no list.
                return pages == 1 && page is not null && !MediaTypes.IsIndex(page.MediaType) ? null : found with { IsComplete = false };
            }

            found = found.With(index, limits.Referrers);
            if (!NextPage.IsNamed(page.Link))
            {
                return found;
            }

            // Credentials go with it, so it must be on the registry itself, and not where this page was redirected to.
            if (pages == limits.Pages || NextPage.Of(page.Link, first) is not { } next)
            {
                return found with { IsComplete = false };
            }

            url = next;
        }
    }

    /// <summary>Null if it is larger than is read.</summary>
    private async Task<Reply?> PageAsync(Uri url, CancellationToken cancel)
    {
        try
        {
            return Answered(
                await budget.ReadManifestAsync(
                    limits.ManifestBytes,
                    (most, holder) => session.GetAsync(url, MediaTypes.Index, most, holder, cancel),
                    cancel
                )
            );
        }
        catch (RegistryException e) when (e is { Cause: FailureCause.TooLarge, IsBeyondBudget: false })
        {
            return null;
        }
    }

    private async Task<Reply?> ReadManifestAsync(string reference, int mostBytes, CancellationToken cancel)
    {
        var reply = Answered(
            await budget.ReadManifestAsync(
                mostBytes,
                (most, holder) => session.GetAsync($"manifests/{reference}", MediaTypes.AnyManifest, most, holder, cancel),
                cancel
            )
        );
        return reply.Status switch
        {
            200 => reply,
            404 => null,
            _ => throw Unexpected(reply),
        };
    }

    private Reply Answered(Reply reply)
    {
        // A server in front of the registry may say for it that it is away.
        if (reply.Status is not 429 and < 500)
        {
            Interlocked.Increment(ref _answers);
        }

        return reply;
    }

    private Manifest Parse(Reply reply, Digest digest) =>
        ManifestParser.TryParse(reply.Body, digest, reply.MediaType)
        ?? throw new RegistryException(
            FailureCause.BadContent,
            $"{Repository}@{digest} is no manifest, or has more than {ManifestParser.MostEntries} annotations"
        );

    private RegistryException Unexpected(Reply reply) =>
        reply.Status switch
        {
            429 => new(FailureCause.RateLimited, $"{session.Registry} limits the rate of requests (429)") { RetryAfter = reply.RetryAfter },
            >= 500 => new(FailureCause.ServerError, $"{session.Registry} answered {reply.Status} to {reply.Url.AbsolutePath}")
            {
                RetryAfter = reply.RetryAfter,
            },
            _ => new(FailureCause.Unexpected, $"{session.Registry} answered {reply.Status} to {reply.Url.AbsolutePath}"),
        };
}
