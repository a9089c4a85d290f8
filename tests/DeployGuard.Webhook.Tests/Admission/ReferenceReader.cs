using System.Text;
using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// Reads a review in the plain way, which the webhook's reader must equal: the whole body is parsed, each object by itself, and nothing is
/// left out or shared. Both objects are written again, in two forms, so that no two templates have the same bytes.
/// </summary>
internal static class ReferenceReader
{
    private const int MaxDepth = 200;

    private static readonly JsonSerializerOptions s_dense = new() { MaxDepth = 2 * MaxDepth };
    private static readonly JsonSerializerOptions s_wide = new() { MaxDepth = 2 * MaxDepth, WriteIndented = true };

    /// <exception cref="ReviewException">It is no review.</exception>
    /// <exception cref="MalformedReviewException">It is a review that cannot be parsed.</exception>
    /// <exception cref="MalformedObjectException">It is a review about an object that cannot be read.</exception>
    public static Request Read(byte[] body) => Read(body, () => JsonDocument.Parse(body, Options(allowDuplicates: false)));

    /// <summary>The same for a body whose only fault is that a key is repeated inside <c>managedFields</c>.</summary>
    public static Request ReadWithRepeatedFields(byte[] body)
    {
        var document = JsonDocument.Parse(body, Options(allowDuplicates: true));
        Assert.That(RepeatsOutsideManagedFields(document.RootElement, ""), Is.False, () => Encoding.UTF8.GetString(body));
        return Read(body, () => document);
    }

    private static Request Read(byte[] body, Func<JsonDocument> parse)
    {
        CheckText(body);
        var review = Review.Read(Parse(body, parse).RootElement);
        return new RequestReader(WorkloadReader.Default).Read(
            review with
            {
                Object = Again(review.Object, s_dense),
                OldObject = Again(review.OldObject, s_wide),
            }
        );
    }

    private static JsonDocumentOptions Options(bool allowDuplicates) =>
        new() { MaxDepth = MaxDepth, AllowDuplicateProperties = allowDuplicates };

    private static JsonElement Again(JsonElement value, JsonSerializerOptions form) =>
        value.ValueKind is JsonValueKind.Undefined
            ? value
            : JsonDocument
                .Parse(JsonSerializer.SerializeToUtf8Bytes(value, form), new JsonDocumentOptions { MaxDepth = 2 * MaxDepth })
                .RootElement;

    private static void CheckText(byte[] body)
    {
        if (body.Length == 0)
        {
            throw new ReviewException(400, "the body is empty; an AdmissionReview of admission.k8s.io/v1 is expected");
        }

        try
        {
            new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(body);
        }
        catch (DecoderFallbackException)
        {
            throw ReviewUid.Refusal(body, 400, "the body is not UTF-8");
        }
    }

    private static JsonDocument Parse(byte[] body, Func<JsonDocument> parse)
    {
        try
        {
            if (Encoding.UTF8.GetString(body).Contains("\\ud", StringComparison.OrdinalIgnoreCase))
            {
                CheckEscapes(body);
            }

            return parse();
        }
        catch (JsonException wrong)
        {
            throw ReviewUid.Refusal(body, 400, $"the body is not valid JSON: {wrong.Message}");
        }
    }

    /// <summary>Reads every text. One with half of a character cannot be read.</summary>
    private static void CheckEscapes(byte[] body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            try
            {
                _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : "";
            }
            catch (InvalidOperationException)
            {
                var problem = $"unpaired surrogate escape at byte {reader.TokenStartIndex}";
                throw ReviewUid.Refusal(body, 400, $"the body is not valid JSON: {problem}");
            }
        }
    }

    private static bool RepeatsOutsideManagedFields(JsonElement value, string path) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject().Select(m => m.Name).Distinct().Count() < value.EnumerateObject().Count()
                || value.EnumerateObject().Any(m => RepeatsOutsideManagedFields(m.Value, $"{path}/{m.Name}")),
            JsonValueKind.Array => path is not ("/request/object/metadata/managedFields" or "/request/oldObject/metadata/managedFields")
                && value.EnumerateArray().Any(i => RepeatsOutsideManagedFields(i, $"{path}[]")),
            _ => false,
        };
}
