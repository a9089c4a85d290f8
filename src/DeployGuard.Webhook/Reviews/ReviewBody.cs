using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// The parsed body of an admission call. Owns its buffers: do not use its elements after it is disposed.
/// </summary>
internal sealed class ReviewBody : IDisposable
{
    /// <summary>etcd stores objects of up to 1.5 MiB. A review holds two, and API servers escape some characters as six.</summary>
    public const int MaxBytes = 20 * 1024 * 1024;

    /// <summary>
    /// Larger than a review from an API server usually is. Only three of these are read at a time, so that they cannot fill the memory.
    /// </summary>
    public const int LargeBytes = 2 * 1024 * 1024;
    private static readonly SemaphoreSlim s_large = new(3);

    private readonly byte[] _buffer;
    private readonly JsonDocument _document;
    private readonly bool _isLarge;

    private ReviewBody(byte[] buffer, JsonDocument document, bool sharesTemplate, bool isLarge)
    {
        _buffer = buffer;
        _document = document;
        _isLarge = isLarge;
        SharesTemplate = sharesTemplate;
    }

    public JsonElement Root => _document.RootElement;

    /// <summary>Whether <c>spec.template</c> of the old object was left out, because it has the bytes of the new one's.</summary>
    public bool SharesTemplate { get; }

    /// <exception cref="ReviewException">The body is empty or is no review.</exception>
    /// <exception cref="MalformedReviewException">A review with a uid, but too large, too deep, not UTF-8, not JSON, or with duplicate
    /// keys.</exception>
    public static async ValueTask<ReviewBody> ReadAsync(HttpContext context)
    {
        // Kestrel's own limit would end the call before the uid is read.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        var (request, cancel) = (context.Request, context.RequestAborted);
        var isLarge = request.ContentLength > LargeBytes;
        if (isLarge && !s_large.Wait(0, CancellationToken.None))
        {
            throw await RefuseUnreadAsync(request, "too many large reviews at once; retry", cancel);
        }

        try
        {
            return request.ContentLength is > MaxBytes
                ? throw await RefuseUnreadAsync(request, ReviewParser.TooLarge, cancel)
                : await ReadAsync(request, isLarge, cancel);
        }
        catch when (isLarge)
        {
            s_large.Release();
            throw;
        }
    }

    public void Dispose()
    {
        _document.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        if (_isLarge)
        {
            s_large.Release();
        }
    }

    private static async ValueTask<ReviewBody> ReadAsync(HttpRequest request, bool isLarge, CancellationToken cancel)
    {
        // API servers send a Content-Length. A caller without one gets no place among the large reviews.
        var maxLength = request.ContentLength is null ? LargeBytes : MaxBytes;
        var buffer = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? 16 * 1024) + 1);
        try
        {
            var length = 0;
            int read;
            while ((read = await request.Body.ReadAsync(buffer.AsMemory(length), cancel)) > 0)
            {
                length += read;
                if (length > maxLength)
                {
                    throw ReviewUid.Refusal(buffer.AsSpan(0, length), StatusCodes.Status413PayloadTooLarge, ReviewParser.TooLarge);
                }

                buffer = length == buffer.Length ? Grow(buffer) : buffer;
            }

            return Read(buffer, length, isLarge);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private static async ValueTask<Exception> RefuseUnreadAsync(HttpRequest request, string why, CancellationToken cancel)
    {
        var head = new byte[ReviewUid.PrefixBytes];
        var length = await request.Body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel);
        return ReviewUid.Refusal(head.AsSpan(0, length), StatusCodes.Status413PayloadTooLarge, why);
    }

    /// <summary>Takes the buffer over, unless it throws.</summary>
    internal static ReviewBody Read(byte[] buffer, int length, bool isLarge)
    {
        var json = buffer.AsMemory(0, length);
        ReviewParser.CheckText(json.Span);
        if (length <= LargeBytes && ReviewParser.ParseRestOrNull(json) is var (rest, document, sharesTemplate))
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return new ReviewBody(rest, document, sharesTemplate, isLarge);
        }

        return new ReviewBody(buffer, ReviewParser.ParseWhole(json), sharesTemplate: false, isLarge);
    }

    private static byte[] Grow(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(full.Length * 2);
        full.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }
}
