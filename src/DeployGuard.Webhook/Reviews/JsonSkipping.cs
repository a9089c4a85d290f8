using System.Buffers;

namespace DeployGuard.Webhook.Reviews;

/// <summary>Finds the end of a JSON value without reading it.</summary>
internal static class JsonSkipping
{
    /// <summary>No end was found.</summary>
    public const int None = -1;

    private static readonly SearchValues<byte> s_structure = SearchValues.Create("\"{}[]"u8);

    private static readonly SearchValues<byte> s_endOfScalar = SearchValues.Create(",}] \n\r\t"u8);

    /// <summary>The bytes that end a string, or a part of it.</summary>
    private static readonly SearchValues<byte> s_endOfText = SearchValues.Create([
        (byte)'"',
        (byte)'\\',
        .. Enumerable.Range(0, ' ').Select(b => (byte)b),
    ]);

    /// <summary>What may follow a backslash, without the escape of a code unit.</summary>
    private static readonly SearchValues<byte> s_escaped = SearchValues.Create("\"\\/bfnrt"u8);

    /// <summary>The byte at a place; 0 behind the end.</summary>
    public static byte At(ReadOnlySpan<byte> json, int at) => (uint)at < (uint)json.Length ? json[at] : (byte)0;

    /// <summary>The next byte that is not white space.</summary>
    public static int AfterSpace(ReadOnlySpan<byte> json, int at)
    {
        while (At(json, at) is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }

        return at;
    }

    /// <summary>The end of a value in a text that is valid JSON. In any other text it may be anywhere.</summary>
    public static int EndOfValue(ReadOnlySpan<byte> json, int at) =>
        At(json, at) switch
        {
            (byte)'"' => EndOfString(json, at),
            (byte)'{' or (byte)'[' => EndOfContainer(json, at),
            _ => json[at..].IndexOfAny(s_endOfScalar) is var length and > 0 ? at + length : None,
        };

    /// <summary>The end of a string that begins at a quote.</summary>
    public static int EndOfString(ReadOnlySpan<byte> json, int at)
    {
        at++;
        while (json[at..].IndexOfAny((byte)'"', (byte)'\\') is var length and >= 0)
        {
            at += length;
            if (json[at] == '"')
            {
                return at + 1;
            }

            at += 2;
            if (at > json.Length)
            {
                return None;
            }
        }

        return None;
    }

    /// <summary>
    /// The end of a string that is certainly valid, but for its UTF-8. A string with an escaped code unit is not: the parser decides.
    /// </summary>
    public static int EndOfStrictString(ReadOnlySpan<byte> json, int at)
    {
        at++;
        while (json[at..].IndexOfAny(s_endOfText) is var length and >= 0)
        {
            at += length;
            if (json[at] == '"')
            {
                return at + 1;
            }

            if (json[at] != '\\' || !s_escaped.Contains(At(json, at + 1)))
            {
                return None;
            }

            at += 2;
        }

        return None;
    }

    private static int EndOfContainer(ReadOnlySpan<byte> json, int at)
    {
        var depth = 0;
        while (json[at..].IndexOfAny(s_structure) is var length and >= 0)
        {
            at += length;
            switch (json[at])
            {
                case (byte)'"':
                    at = EndOfString(json, at);
                    if (at == None)
                    {
                        return None;
                    }

                    continue;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                default:
                    depth--;
                    break;
            }

            at++;
            if (depth == 0)
            {
                return at;
            }
        }

        return None;
    }
}
