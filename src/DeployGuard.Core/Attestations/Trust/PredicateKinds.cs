using System.Text.Json;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Whether a text that was signed is meant as a statement that may deny something, in whatever version and with whatever mistakes. It is
/// enough to say that such a statement was not read, and for nothing else.
/// </summary>
internal static class PredicateKinds
{
    /// <summary>As messages name it.</summary>
    public const string Change = "change statement";

    /// <inheritdoc cref="Change"/>
    public const string Summary = "verification summary";

    private static readonly JsonDocumentOptions s_lenient = new()
    {
        AllowDuplicateProperties = true,
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = 1024,
    };

    /// <summary>The kind of a predicate of any version; null if it is none that may deny something.</summary>
    public static string? Of(string predicateType) =>
        predicateType.Contains("deployguard.io/change/", StringComparison.OrdinalIgnoreCase) ? Change
        : predicateType.Contains("slsa.dev/verification_summary", StringComparison.OrdinalIgnoreCase) ? Summary
        : null;

    /// <summary>
    /// The kinds that a payload names, which is no statement to a strict reader: by each of its fields <c>predicateType</c>, or anywhere in
    /// its text if there is no such field.
    /// </summary>
    public static IReadOnlyList<string> In(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload, s_lenient);
            if (document.RootElement.ValueKind is JsonValueKind.Object)
            {
                var types = document
                    .RootElement.EnumerateObject()
                    .Where(p => p.NameEquals("predicateType"u8) && p.Value.ValueKind is JsonValueKind.String)
                    .Select(p => p.Value.GetString() ?? "")
                    .ToList();
                return types.Count > 0 ? types.Select(Of).OfType<string>().ToList() : Mentioned(payload.Span);
            }
        }
        // A text with half of a surrogate pair is an InvalidOperationException.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Mentioned(payload.Span);
        }

        return Mentioned(payload.Span);
    }

    /// <summary>A slash may be escaped in JSON, so that the words between slashes are looked for.</summary>
    private static List<string> Mentioned(ReadOnlySpan<byte> payload)
    {
        List<string> kinds = [];
        if (payload.IndexOf("deployguard.io"u8) >= 0)
        {
            kinds.Add(Change);
        }

        if (payload.IndexOf("verification_summary"u8) >= 0)
        {
            kinds.Add(Summary);
        }

        return kinds;
    }
}
