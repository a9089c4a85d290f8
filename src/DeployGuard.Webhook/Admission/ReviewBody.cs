using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using DeployGuard.Core.Workloads;
using Microsoft.AspNetCore.Http.Features;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// The parsed body of an admission call. Owns its buffers; what is read from it must be used before it is disposed.
/// </summary>
internal sealed class ReviewBody : IDisposable
{
    /// <summary>etcd takes objects of 1.5 MiB; a review holds two of them, and API servers escape some characters to six.</summary>
    public const int MaxBytes = 20 * 1024 * 1024;

    /// <summary>The same without escapes: what a parser's memory grows by is tokens, and an escape is none.</summary>
    private const int MaxPlainBytes = 8 * 1024 * 1024;

    private const int MaxDepth = 200;

    /// <summary>Reviews larger than any honest one are taken a few at a time, or they could be sent to fill the memory.</summary>
    public const int Large = 2 * 1024 * 1024;
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

    /// <exception cref="ReviewException">Empty, or nothing that can be answered as a review.</exception>
    /// <exception cref="MalformedReviewException">A review to answer to, but too large, too deep, or not JSON without duplicate keys.</exception>
    public static async ValueTask<ReviewBody> ReadAsync(HttpContext context)
    {
        // The server's own limit would leave nothing to read the uid from.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        var (request, cancel) = (context.Request, context.RequestAborted);
        var isLarge = request.ContentLength > Large;
        if (isLarge && !s_large.Wait(0, CancellationToken.None))
        {
            throw await RefuseUnreadAsync(request, "too many large reviews at once; try again", cancel);
        }

        try
        {
            return request.ContentLength is > MaxBytes ? throw await RefuseUnreadAsync(request, TooLarge, cancel) : await ReadAsync(request, isLarge, cancel);
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

    private static string TooLarge => $"the body is larger than {MaxBytes / 1024 / 1024} MiB, or than {MaxPlainBytes / 1024 / 1024} MiB without escapes";

    private static async ValueTask<ReviewBody> ReadAsync(HttpRequest request, bool isLarge, CancellationToken cancel)
    {
        // API servers say how long a body is; who does not gets no turn among the large ones.
        var most = request.ContentLength is null ? Large : MaxBytes;
        var buffer = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? 16 * 1024) + 1);
        try
        {
            var length = 0;
            int read;
            while ((read = await request.Body.ReadAsync(buffer.AsMemory(length), cancel)) > 0)
            {
                length += read;
                if (length > most)
                {
                    throw ReviewUid.Refusal(buffer.AsSpan(0, length), StatusCodes.Status413PayloadTooLarge, TooLarge);
                }

                buffer = length == buffer.Length ? Grow(buffer) : buffer;
            }

            return new ReviewBody(buffer, Parse(buffer.AsMemory(0, length)), isLarge);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private static async ValueTask<Exception> RefuseUnreadAsync(HttpRequest request, string why, CancellationToken cancel)
    {
        var head = new byte[ReviewUid.Within];
        var length = await request.Body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel);
        return ReviewUid.Refusal(head.AsSpan(0, length), StatusCodes.Status413PayloadTooLarge, why);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
        {
            throw new ReviewException(StatusCodes.Status400BadRequest, "the body is empty; an AdmissionReview of admission.k8s.io/v1 is expected");
        }

        if (json.Length > MaxPlainBytes && json.Length - (json.Span.Count("\\u00"u8) * 5) > MaxPlainBytes)
        {
            throw ReviewUid.Refusal(json.Span, StatusCodes.Status413PayloadTooLarge, TooLarge);
        }

        if (!Utf8.IsValid(json.Span))
        {
            throw ReviewUid.Refusal(json.Span, StatusCodes.Status400BadRequest, "the body is not UTF-8");
        }

        try
        {
            if (TextEscapes.FindHalfCharacter(json.Span, MaxDepth) is { } place)
            {
                throw ReviewUid.Refusal(json.Span, StatusCodes.Status400BadRequest, $"the body is not JSON that can be judged: half a character is escaped at byte {place}");
            }

            return JsonDocument.Parse(json, s_strict);
        }
        catch (JsonException wrong)
        {
            // The parser's message says what and where: not JSON, a duplicate property, or the depth.
            throw ReviewUid.Refusal(json.Span, StatusCodes.Status400BadRequest, $"the body is not JSON that can be judged: {wrong.Message}");
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
