using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Finds JSON escapes of lone surrogates, which stand for no character. The JSON parser accepts them, and later reads of the string fail.
/// API servers never send them.
/// </summary>
public static class TextEscapes
{
    /// <summary>The offset of the first string with such an escape; null if there is none.</summary>
    /// <param name="json">In UTF-8.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static long? FindLoneSurrogate(ReadOnlySpan<byte> json, int maxDepth)
    {
        // Surrogates are \\uD800 to \\uDFFF. This check spares nearly all documents the parse.
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped && !IsText(ref reader))
            {
                return reader.TokenStartIndex;
            }
        }

        return null;
    }

    private static bool IsText(ref Utf8JsonReader token)
    {
        try
        {
            token.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            // The reader throws this for a string with a lone surrogate.
            return false;
        }
    }
}
