using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Reviews;

/// <summary>Parses the bytes of a review. Duplicate keys are an error, and so is text that stands for no characters.</summary>
internal static class ReviewParser
{
    /// <summary>The limit without escapes: the memory of the parser grows with the tokens, and an escape adds none.</summary>
    private const int MaxPlainBytes = 8 * 1024 * 1024;

    private const int MaxDepth = 200;

    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    public static string TooLarge =>
        $"the body is larger than {ReviewBody.MaxBytes / 1024 / 1024} MiB, or than {MaxPlainBytes / 1024 / 1024} MiB without escapes";

    /// <exception cref="ReviewException">The body is empty.</exception>
    /// <exception cref="MalformedReviewException">It is too large, or not UTF-8.</exception>
    public static void CheckText(ReadOnlySpan<byte> json)
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

    /// <summary>The review without what can be left out; null if only the whole body can tell what is wrong with it.</summary>
    public static (byte[] Buffer, JsonDocument Document, bool SharesTemplate)? ParseRestOrNull(ReadOnlyMemory<byte> json)
    {
        var rest = ArrayPool<byte>.Shared.Rent(json.Length);
        try
        {
            var (length, sharesTemplate) = LeanCopy.Write(json.Span, rest);
            if (length > 0 && TextEscapes.FindLoneSurrogate(rest.AsSpan(0, length), MaxDepth) is null)
            {
                return (rest, JsonDocument.Parse(rest.AsMemory(0, length), s_strict), sharesTemplate);
            }
        }
        catch (JsonException)
        {
            // The whole body has the same fault, at the position that its sender knows.
        }

        ArrayPool<byte>.Shared.Return(rest);
        return null;
    }

    /// <summary>The whole review, or what is wrong with it.</summary>
    public static JsonDocument ParseWhole(ReadOnlyMemory<byte> json)
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
}
