using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };
    private static readonly JsonSerializerOptions s_dense = new() { MaxDepth = 2 * MaxDepth };
    private static readonly JsonSerializerOptions s_wide = new() { MaxDepth = 2 * MaxDepth, WriteIndented = true };

    /// <exception cref="ReviewException">It is no review.</exception>
    /// <exception cref="MalformedReviewException">It is a review that cannot be parsed.</exception>
    /// <exception cref="MalformedObjectException">It is a review about an object that cannot be read.</exception>
    public static Request Read(byte[] body) => Read(body, () => JsonDocument.Parse(body, s_strict));

    /// <summary>The same for a body whose only fault is a repeated key, or too many levels, inside <c>managedFields</c>.</summary>
    public static Request ReadWithoutManagedFields(byte[] body)
    {
        var root = JsonNode.Parse(body, documentOptions: new JsonDocumentOptions { MaxDepth = 20 * MaxDepth });
        foreach (var member in (string[])["object", "oldObject"])
        {
            if (
                Child(Child(Child(root, "request"), member), "metadata") is JsonObject metadata
                && Child(metadata, "managedFields") is JsonArray
            )
            {
                metadata.Remove("managedFields");
            }
        }

        var rest = JsonSerializer.SerializeToUtf8Bytes(root, s_dense);
        return Read(rest, () => JsonDocument.Parse(rest, s_strict));
    }

    private static JsonNode? Child(JsonNode? parent, string name) => (parent as JsonObject)?[name];

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
}
