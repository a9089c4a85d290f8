using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using DeployGuard.Core.Workloads;
using Microsoft.AspNetCore.Http.Features;

namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// The parsed body of an admission call. Owns its buffers: do not use its elements after it is disposed.
/// </summary>
internal sealed class ReviewBody : IDisposable
{
    /// <summary>etcd stores objects of up to 1.5 MiB. A review holds two, and API servers escape some characters as six.</summary>
    public const int MaxBytes = 20 * 1024 * 1024;

    /// <summary>The limit without escapes: the memory of the parser grows with the tokens, and an escape adds none.</summary>
    private const int MaxPlainBytes = 8 * 1024 * 1024;

    private const int MaxDepth = 200;

    /// <summary>
    /// Larger than a review from an API server usually is. Only three of these are read at a time, so that they cannot fill the memory.
    /// </summary>
    public const int LargeBytes = 2 * 1024 * 1024;
    private static readonly SemaphoreSlim s_large = new(3);

    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private readonly byte[] _buffer;
    private readonly JsonDocument _document;
    private readonly bool _isLarge;

    private ReviewBody(byte[] buffer, JsonDocument document, bool isLarge)
    {
        _buffer = buffer;
        _document = document;
        _isLarge = isLarge;
    }

    public JsonElement Root => _document.RootElement;

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
                ? throw await RefuseUnreadAsync(request, TooLarge, cancel)
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

    private static string TooLarge =>
        $"the body is larger than {MaxBytes / 1024 / 1024} MiB, or than {MaxPlainBytes / 1024 / 1024} MiB without escapes";

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
                    throw ReviewUid.Refusal(buffer.AsSpan(0, length), StatusCodes.Status413PayloadTooLarge, TooLarge);
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
        CheckText(json.Span);
        if (length <= LargeBytes && ParseRestOrNull(json) is var (rest, document))
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return new ReviewBody(rest, document, isLarge);
        }

        return new ReviewBody(buffer, ParseWhole(json), isLarge);
    }

    internal static void CheckText(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            throw new ReviewException(
                StatusCodes.Status400BadRequest,
                "the body is empty; an AdmissionReview of admission.k8s.io/v1 is expected"
            );
        }

        if (json.Length > MaxPlainBytes && json.Length - (json.Count("\\u00"u8) * 5) > MaxPlainBytes)
        {
            throw ReviewUid.Refusal(json, StatusCodes.Status413PayloadTooLarge, TooLarge);
        }

        if (!Utf8.IsValid(json))
        {
            throw ReviewUid.Refusal(json, StatusCodes.Status400BadRequest, "the body is not UTF-8");
        }
    }

    /// <summary>The review without <c>managedFields</c>; null if only the whole body can tell what is wrong with it.</summary>
    private static (byte[] Buffer, JsonDocument Document)? ParseRestOrNull(ReadOnlyMemory<byte> json)
    {
        var rest = ArrayPool<byte>.Shared.Rent(json.Length);
        try
        {
            var length = ManagedFields.CopyWithout(json.Span, rest);
            if (length > 0 && TextEscapes.FindLoneSurrogate(rest.AsSpan(0, length), MaxDepth) is null)
            {
                return (rest, JsonDocument.Parse(rest.AsMemory(0, length), s_strict));
            }
        }
        catch (JsonException)
        {
            // The whole body has the same fault, at the position that its sender knows.
        }

        ArrayPool<byte>.Shared.Return(rest);
        return null;
    }

    internal static JsonDocument ParseWhole(ReadOnlyMemory<byte> json)
    {
        try
        {
            if (TextEscapes.FindLoneSurrogate(json.Span, MaxDepth) is { } place)
            {
                throw ReviewUid.Refusal(
                    json.Span,
                    StatusCodes.Status400BadRequest,
                    $"the body is not valid JSON: unpaired surrogate escape at byte {place}"
                );
            }

            return JsonDocument.Parse(json, s_strict);
        }
        catch (JsonException wrong)
        {
            // The parser's message names the problem and the position: not JSON, a duplicate property, or the depth.
            throw ReviewUid.Refusal(json.Span, StatusCodes.Status400BadRequest, $"the body is not valid JSON: {wrong.Message}");
        }
    }

    private static byte[] Grow(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(full.Length * 2);
        full.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }
}
