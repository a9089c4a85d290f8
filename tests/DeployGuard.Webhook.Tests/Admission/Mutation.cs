using System.Text;

namespace DeployGuard.Webhook.Tests;

/// <summary>Changes a body at random: bytes, repeated members, cut ends, escapes, depth, white space.</summary>
internal sealed class Mutation(Random random)
{
    private static readonly byte[][] s_texts =
    [
        .. new[]
        {
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "0",
            "-",
            "1e5",
            "true",
            "null",
            " ",
            "\n",
            "\t",
            "\0",
            "\ufeff",
            "\u00fc",
            "{}",
            "[]",
            "\\u0041",
            "\\ud83d\\ude00",
            "\\ud800",
            "\\uDC00",
            "\\\\",
            "\\\"",
            "\\x",
            "//",
            "\"managedFields\":[],",
            ",\"managedFields\":[{}]",
            "\"managedFields\":{},",
            "\"managed\\u0046ields\":[],",
            "\"metadata\":{},",
            "\"object\":{},",
            "\"oldObject\":null,",
            "\"request\":{},",
            "\"f:x\":{},",
            ",\"f:x\":{}",
            "\"apiVersion\":\"v1\",",
            new string('[', 190),
            new string('[', 30) + new string(']', 30),
        }.Select(Encoding.UTF8.GetBytes),
        [0xff],
        [0xc3],
        [0xed, 0xa0, 0x80],
    ];

    public byte[] Of(byte[] body)
    {
        var changed = body;
        for (var left = 1 + random.Next(2); left > 0; left--)
        {
            changed = Once(changed);
        }

        return changed;
    }

    private byte[] Once(byte[] body) =>
        random.Next(7) switch
        {
            0 => Flip(body),
            1 => body[..Place(body)],
            2 => Replace(body, Place(body), random.Next(1, 40), []),
            3 => Repeat(body),
            4 => Between(body, s_texts[random.Next(s_texts.Length)]),
            _ => Replace(body, Place(body), random.Next(2), s_texts[random.Next(s_texts.Length)]),
        };

    /// <summary>Half of them in or near a list that is left out.</summary>
    private int Place(byte[] body)
    {
        if (body.Length == 0)
        {
            return 0;
        }

        var list = random.Next(2) == 0 ? body.AsSpan().IndexOf("\"managedFields\""u8) : -1;
        return list < 0 ? random.Next(body.Length) : Math.Min(body.Length - 1, Math.Max(0, list - 40) + random.Next(400));
    }

    private byte[] Flip(byte[] body)
    {
        var flipped = (byte[])body.Clone();
        if (flipped.Length > 0)
        {
            flipped[Place(body)] ^= (byte)(1 << random.Next(8));
        }

        return flipped;
    }

    /// <summary>Writes some bytes again behind themselves, from comma to comma: often a whole member.</summary>
    private byte[] Repeat(byte[] body)
    {
        var from = After(body, Place(body));
        var until = After(body, from + random.Next(60));
        return Replace(body, until, 0, body[from..Math.Max(from, until)]);
    }

    /// <summary>Inserts a text where a member may begin.</summary>
    private byte[] Between(byte[] body, byte[] text) => Replace(body, After(body, Place(body)), 0, text);

    private static int After(byte[] body, int place)
    {
        var rest = body.AsSpan(Math.Min(place, body.Length));
        return rest.IndexOfAny((byte)',', (byte)'{') is var at and >= 0 ? body.Length - rest.Length + at + 1 : body.Length;
    }

    private static byte[] Replace(byte[] body, int at, int length, byte[] text) =>
        [.. body[..at], .. text, .. body[Math.Min(body.Length, at + length)..]];
}
