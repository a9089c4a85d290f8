using System.Text;
using System.Text.Json;

namespace DeployGuard.Webhook.Tests;

/// <summary>
/// Changes members of a review at random, mostly to other valid JSON: values of other types, great numbers, depth, the same text written
/// with escapes, members that are missing, repeated or in another order; often in both objects alike.
/// </summary>
internal sealed class MemberMutation(Random random)
{
    private static readonly string[] s_values =
    [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1",
        "3",
        "1.0",
        "1e2",
        "2147483648",
        "-99999999999999999999999",
        "1e-400",
        "\"\"",
        "\"3\"",
        "\"web\"",
        "\"50%\"",
        "\"true\"",
        "\"\\u0000\"",
        "\"\\ufffd\"",
        "\"\ufffd\"",
        "\"\\\\ufffd\"",
        "\"\u00fcber \ud83d\ude00\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"<LF>\\n\\u2028\\u202e\"",
        "\"2026-11-24T12:00:00Z\"",
        "\"registry.example.com/web@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a\"",
        "{}",
        "[]",
        "[null]",
        "[{}]",
        "{\"\":null}",
        "{\"a\":{\"a\":[{\"a\":1}]}}",
        new string('[', 100) + new string(']', 100),
        new string('[', 199) + new string(']', 199),
    ];

    private static readonly string[] s_members =
    [
        "\"managedFields\":[]",
        "\"managedFields\":[{\"f:a\":{},\"f:a\":{}}]",
        "\"managed\\u0046ields\":[{}]",
        "\"labels\":{\"app\":\"other\"}",
        "\"annotations\":{\"deployguard.io/ai-assisted\":\"true\"}",
        "\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":\"2026-11-24T12:00:00Z\"}",
        "\"kubectl.kubernetes.io/restartedAt\":\"now\"",
        "\"app.kubernetes.io/version\":\"2\"",
        "\"fieldPath\":\"metadata.annotations\"",
        "\"replicas\":0",
        "\"paused\":true",
        "\"strategy\":{\"type\":\"Recreate\"}",
        "\"$patch\":\"replace\"",
        "\"image\":\"web:latest\"",
        "\"initContainers\":[{\"name\":\"a\",\"image\":\"a\",\"restartPolicy\":\"Always\"}]",
        "\"deletionTimestamp\":\"2026-11-24T12:00:00Z\"",
        "\"object\":null",
        "\"dryRun\":true",
        "\"name\":null",
        "\"\":{}",
    ];

    public byte[] Of(byte[] body)
    {
        for (var left = 1 + random.Next(3); left > 0; left--)
        {
            var members = Member.AllOf(body);
            body = members.Count < 2 ? body : Once(body, members, random.Next(members.Count));
        }

        return body;
    }

    private byte[] Once(byte[] body, List<Member> members, int chosen)
    {
        var member = members[chosen];
        var (value, whole) = (member.Value, member.Start..member.Value.End);
        return random.Next(24) switch
        {
            < 7 => Write(body, value, Any(s_values)),
            < 9 => Write(body, value, body[members[random.Next(members.Count)].Value]),
            9 or 10 => Write(body, whole, Any(s_members)),
            11 or 12 => Write(body, member.Start..member.Start, [.. Any(s_members), (byte)',']),
            13 => Write(body, member.Start..member.Start, [.. body[whole], (byte)',']),
            14 or 15 => Remove(body, member),
            16 or 17 => Escape(body, whole),
            18 => Write(body, value, [(byte)' ', .. body[value], (byte)'\n']),
            19 => Swap(body, member, members[Math.Min(chosen + 1, members.Count - 1)]),
            20 or 21 => CopyObject(body, members),
            22 => body[..random.Next(body.Length)],
            _ => new Mutation(random).Of(body),
        };
    }

    private byte[] Any(string[] texts) => Encoding.UTF8.GetBytes(texts[random.Next(texts.Length)]);

    /// <summary>Writes a letter of a text, or of its key, by its number: it is the same text.</summary>
    private byte[] Escape(byte[] body, Range place)
    {
        var (from, length) = place.GetOffsetAndLength(body.Length);
        var at = from + random.Next(length);
        return char.IsAsciiLetter((char)body[at]) && body[at - 1] != (byte)'\\'
            ? Write(body, place, [.. body[from..at], .. Encoding.ASCII.GetBytes($"\\u{body[at]:x4}"), .. body[(at + 1)..(from + length)]])
            : body;
    }

    /// <summary>Removes a member with a comma beside it.</summary>
    private byte[] Remove(byte[] body, Member member)
    {
        var end = member.Value.End.Value;
        var (from, until) =
            end < body.Length && body[end] == (byte)',' ? (member.Start, end + 1)
            : body[member.Start - 1] == (byte)',' ? (member.Start - 1, end)
            : (member.Start, end);
        return Write(body, from..until, []);
    }

    private static byte[] Swap(byte[] body, Member one, Member other)
    {
        var (first, second) = (one.Start..one.Value.End, other.Start..other.Value.End);
        return other.Start > first.End.Value
            ? [.. body[..one.Start], .. body[second], .. body[first.End..other.Start], .. body[first], .. body[second.End..]]
            : body;
    }

    /// <summary>Makes one object the other one: then nothing differs but what is changed besides.</summary>
    private byte[] CopyObject(byte[] body, List<Member> members)
    {
        var objects = members.Where(m => m.Name is "object" or "oldObject").Take(2).ToList();
        return objects is not [var one, var other] ? body
            : random.Next(3) > 0 ? Replace(body, one.Value, body[other.Value])
            : Replace(body, other.Value, body[one.Value]);
    }

    /// <summary>Writes a text in this place, and half of the time also in the first other one that has the same text.</summary>
    private byte[] Write(byte[] body, Range place, byte[] text)
    {
        var (from, length) = place.GetOffsetAndLength(body.Length);
        if (length < 8 || random.Next(2) == 0)
        {
            return Replace(body, place, text);
        }

        var later = body.AsSpan(from + length).IndexOf(body.AsSpan(from, length));
        var changed = later < 0 ? body : Replace(body, (from + length + later)..(from + length + later + length), text);
        return Replace(changed, place, text);
    }

    private static byte[] Replace(byte[] body, Range place, byte[] text) => [.. body[..place.Start], .. text, .. body[place.End..]];

    /// <summary>A value with its key.</summary>
    /// <param name="Start">Of the key.</param>
    private sealed record Member(string Name, int Start, Range Value)
    {
        /// <summary>Up to the first fault of the body.</summary>
        public static List<Member> AllOf(byte[] body)
        {
            var found = new List<Member>();
            var open = new Stack<int>();
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 1000 });
            try
            {
                while (reader.Read())
                {
                    Note(ref reader, found, open);
                }
            }
            catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
            {
                // What ended before it can be changed as well.
            }

            found.RemoveAll(m => m.Value.End.Value == 0);
            return found;
        }

        private static void Note(ref Utf8JsonReader reader, List<Member> found, Stack<int> open)
        {
            var end = (int)reader.BytesConsumed;
            if (reader.TokenType is JsonTokenType.PropertyName)
            {
                found.Add(new Member(reader.GetString() ?? "", (int)reader.TokenStartIndex, 0..0));
                return;
            }

            if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
            {
                if (open.Pop() is var opened and >= 0)
                {
                    found[opened] = found[opened] with { Value = found[opened].Value.Start..end };
                }

                return;
            }

            var owner = found.Count > 0 && found[^1].Value.Equals(0..0) ? found.Count - 1 : -1;
            var isOpened = reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject;
            if (owner >= 0)
            {
                found[owner] = found[owner] with { Value = (int)reader.TokenStartIndex..(isOpened ? 0 : end) };
            }

            if (isOpened)
            {
                open.Push(owner);
            }
        }
    }
}
