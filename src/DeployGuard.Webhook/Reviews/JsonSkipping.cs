using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace DeployGuard.Webhook.Reviews;

/// <summary>Finds the end of a JSON value without reading it.</summary>
internal static class JsonSkipping
{
    /// <summary>No end was found.</summary>
    public const int None = -1;

    /// <summary>Bytes that are looked at together.</summary>
    private const int Block = 64;

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

    /// <summary>Looks at 64 bytes at a time, one bit for each: a review is mostly containers that are skipped.</summary>
    private static int EndOfContainer(ReadOnlySpan<byte> json, int at)
    {
        var (depth, inText, isEscaped) = (0, 0UL, false);
        Span<byte> last = stackalloc byte[Block];
        for (; at < json.Length; at += Block)
        {
            scoped var block = json[at..];
            if (block.Length < Block)
            {
                last.Clear();
                block.CopyTo(last);
                block = last;
            }

            var quotes = BitsOf(block, '"', caseBit: 0);
            var backslashes = BitsOf(block, '\\', caseBit: 0);
            if (backslashes != 0 || isEscaped)
            {
                quotes &= ~EscapedBy(backslashes, ref isEscaped);
            }

            var texts = Between(quotes) ^ inText;
            inText = 0UL - (texts >> (Block - 1));

            // The brackets [ and { differ in one bit, and so do ] and }.
            var opened = BitsOf(block, '{', caseBit: 0x20) & ~texts;
            var closed = BitsOf(block, '}', caseBit: 0x20) & ~texts;
            if (BitOperations.PopCount(closed) >= depth && EndIn(opened, closed, depth) is var end and not None)
            {
                return at + end;
            }

            depth += BitOperations.PopCount(opened) - BitOperations.PopCount(closed);
        }

        return None;
    }

    /// <summary>The bytes of a block that are this one, after a bit was set in each.</summary>
    private static ulong BitsOf(ReadOnlySpan<byte> block, char wanted, byte caseBit)
    {
        var (same, set) = (Vector128.Create((byte)wanted), Vector128.Create(caseBit));
        var bits = 0UL;
        for (var i = 0; i < Block; i += Vector128<byte>.Count)
        {
            var equal = Vector128.Equals(Vector128.Create(block.Slice(i, Vector128<byte>.Count)) | set, same);
            bits |= (ulong)equal.ExtractMostSignificantBits() << i;
        }

        return bits;
    }

    /// <summary>The bytes behind a backslash that is not escaped itself.</summary>
    /// <param name="isEscaped">Whether the first byte is one; then, whether the first of the next block is.</param>
    private static ulong EscapedBy(ulong backslashes, ref bool isEscaped)
    {
        var escaped = isEscaped ? 1UL : 0;
        isEscaped = false;
        for (backslashes &= ~escaped; backslashes != 0; backslashes &= backslashes - 1)
        {
            var next = (backslashes & (0UL - backslashes)) << 1;
            isEscaped = next == 0;
            escaped |= next;
            backslashes &= ~next;
        }

        return escaped;
    }

    /// <summary>From each odd quote to before the next one: the exclusive or of all bits up to each.</summary>
    private static ulong Between(ulong quotes)
    {
        for (var distance = 1; distance < Block; distance *= 2)
        {
            quotes ^= quotes << distance;
        }

        return quotes;
    }

    /// <summary>Behind the bracket that closes the outermost container; <see cref="None"/> if it is not in this block.</summary>
    private static int EndIn(ulong opened, ulong closed, int depth)
    {
        for (; closed != 0; closed &= closed - 1)
        {
            var place = BitOperations.TrailingZeroCount(closed);
            depth--;
            if (depth + BitOperations.PopCount(opened & ((1UL << place) - 1)) == 0)
            {
                return place + 1;
            }
        }

        return None;
    }
}
