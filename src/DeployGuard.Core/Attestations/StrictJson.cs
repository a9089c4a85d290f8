using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// JSON that two parsers cannot read differently: no duplicate key, no depth over 64, no invalid UTF-8, no more bytes than the limit.
/// </summary>
public static class StrictJson
{
    public const int MaxDepth = 64;

    internal const string NoTime = "is not a time such as 2026-11-28T09:30:00Z";

    private static readonly string[] s_times = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    // Nothing of this is put into a page, and escapes would give one text several forms.
    private static readonly JsonWriterOptions s_written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads an object.</summary>
    /// <param name="what">What messages call it, such as <c>payload</c>.</param>
    /// <exception cref="AttestationException">It is none, or none of this strictness.</exception>
    public static JsonElement ReadObject(ReadOnlyMemory<byte> bytes, int mostBytes, string what)
    {
        if (bytes.Length > mostBytes)
        {
            throw new AttestationException($"{what}: has {bytes.Length} bytes; the limit is {mostBytes}");
        }

        try
        {
            // The parser checks strings only when they are read, but all signed bytes must be valid text.
            s_utf8.GetCharCount(bytes.Span);
            using var document = JsonDocument.Parse(bytes, s_options);
            return document.RootElement.ValueKind is JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new AttestationException($"{what}: is not a JSON object");
        }
        catch (JsonException wrong)
        {
            throw new AttestationException($"{what}: is not strict JSON: {wrong.Message}", wrong);
        }
        catch (InvalidOperationException wrong)
        {
            // The parser throws this if a key, compared with the others, is not valid text.
            throw new AttestationException($"{what}: is not text: half of a surrogate pair in a key", wrong);
        }
        catch (DecoderFallbackException wrong)
        {
            throw new AttestationException($"{what}: is not UTF-8", wrong);
        }
    }

    internal static string Text(JsonElement owner, string name, string path) =>
        TextOrNull(owner, name, path) ?? throw new AttestationException($"{path}{name}: is missing, or not a string");

    /// <summary>Null where it is absent, empty, or of another type.</summary>
    internal static string? TextOrNull(JsonElement owner, string name, string path)
    {
        return
            owner.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.String
            && Text(value, $"{path}{name}") is { Length: > 0 } text
            ? text
            : null;
    }

    /// <summary>Null where it is absent.</summary>
    internal static DateTimeOffset? TimeOrNull(JsonElement owner, string name, string path) =>
        !owner.TryGetProperty(name, out _) ? null
        : TimeIn(Text(owner, name, path)) is { } time ? time
        : throw new AttestationException($"{path}{name}: {NoTime}");

    /// <summary>In UTC; null if a text is no time.</summary>
    internal static DateTimeOffset? TimeIn(string text) =>
        DateTimeOffset.TryParseExact(text, s_times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime()
            : null;

    /// <summary>Refuses fields that have no meaning here.</summary>
    internal static void NoOthers(JsonElement owner, string path, params ReadOnlySpan<string> names)
    {
        foreach (var field in owner.EnumerateObject())
        {
            if (!names.Contains(field.Name))
            {
                throw new AttestationException($"{path}{field.Name}: is no field that is known here");
            }
        }
    }

    internal static JsonElement Part(JsonElement owner, string name, string path) =>
        owner.TryGetProperty(name, out var part) && part.ValueKind is JsonValueKind.Object
            ? part
            : throw new AttestationException($"{path}{name}: is missing, or not an object");

    /// <summary>Empty where it is absent.</summary>
    internal static IReadOnlyList<string> Texts(JsonElement owner, string name, string path) =>
        !owner.TryGetProperty(name, out var list) ? []
        : list.ValueKind is JsonValueKind.Array && list.EnumerateArray().All(i => i.ValueKind is JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(i => Text(i, $"{path}{name}"))]
        : throw new AttestationException($"{path}{name}: is not a list of strings");

    private static string Text(JsonElement value, string at)
    {
        try
        {
            return value.GetString() ?? "";
        }
        catch (InvalidOperationException wrong)
        {
            throw new AttestationException($"{at}: is not text: half of a surrogate pair", wrong);
        }
    }

    /// <summary>JSON in UTF-8, without blanks.</summary>
    internal static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_written))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    internal static IEnumerable<(JsonElement Item, string Path)> Objects(JsonElement owner, string name, int most, string path = "")
    {
        if (!owner.TryGetProperty(name, out var list) || list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw new AttestationException($"{path}{name}: is missing, or not a list with at least one item");
        }

        if (list.GetArrayLength() > most)
        {
            throw new AttestationException($"{path}{name}: has {list.GetArrayLength()} items; the limit is {most}");
        }

        return list.EnumerateArray()
            .Select(
                (item, i) =>
                    item.ValueKind is JsonValueKind.Object
                        ? (item, $"{path}{name}[{i}].")
                        : throw new AttestationException($"{path}{name}[{i}]: is not an object")
            );
    }
}
