using System.Buffers;
using System.Text.Json;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// The parsed body of an admission call. Owns its buffers; what is read from it must be used before it is disposed.
/// </summary>
internal sealed class ReviewBody : IDisposable
{
    /// <summary>etcd takes objects of 1.5 MiB; a review holds two of them, with escapes.</summary>
    public const int MostBytes = 8 * 1024 * 1024;

    private const int MostDepth = 200;

    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = MostDepth, AllowDuplicateProperties = false };

    private readonly byte[] _buffer;
    private readonly JsonDocument _document;

    private ReviewBody(byte[] buffer, JsonDocument document)
    {
        _buffer = buffer;
        _document = document;
    }

    public JsonElement Root => _document.RootElement;

    /// <exception cref="ReviewException">Empty, too large, too deep, or not JSON without duplicate keys.</exception>
    public static async ValueTask<ReviewBody> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        if (request.ContentLength is > MostBytes)
        {
            throw TooLarge();
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? 16 * 1024) + 1);
        try
        {
            var length = 0;
            int read;
            while ((read = await request.Body.ReadAsync(buffer.AsMemory(length), cancel)) > 0)
            {
                length += read;
                if (length > MostBytes)
                {
                    throw TooLarge();
                }

                buffer = length == buffer.Length ? Grow(buffer) : buffer;
            }

            return new ReviewBody(buffer, Parse(buffer.AsMemory(0, length)));
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    public void Dispose()
    {
        _document.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
        {
            throw new ReviewException(StatusCodes.Status400BadRequest, "the body is empty; an AdmissionReview of admission.k8s.io/v1 is expected");
        }

        try
        {
            return JsonDocument.Parse(json, s_strict);
        }
        catch (JsonException wrong)
        {
            // The parser's message says what and where: not JSON, a duplicate property, or the depth.
            throw new ReviewException(StatusCodes.Status400BadRequest, $"the body is not JSON that can be judged: {wrong.Message}");
        }
    }

    private static byte[] Grow(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(full.Length * 2);
        full.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }

    private static ReviewException TooLarge() =>
        new(StatusCodes.Status413PayloadTooLarge, $"the body is larger than {MostBytes / 1024 / 1024} MiB");
}
