using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// Leaves the <c>managedFields</c> of both objects out of a review before it is parsed. They are half of a review, and nothing reads them.
/// A list that is left out was checked to be valid JSON, and its name has no namesake beside it. So the rest is valid, and without
/// duplicate keys, exactly if the whole is; only duplicate keys within the list itself are not noticed.
/// </summary>
internal ref struct ManagedFields
{
    /// <summary>More than the 10,000 levels up to which API servers read JSON.</summary>
    private const int MaxDepth = 10_100;

    private readonly ReadOnlySpan<byte> _json;
    private readonly Span<byte> _rest;
    private StrictList _lists;
    private int _at;

    /// <summary>Bytes that were copied, and up to where they stood in the review.</summary>
    private int _copied;
    private int _copiedUntil;

    private ManagedFields(ReadOnlySpan<byte> json, Span<byte> rest)
    {
        _json = json;
        _rest = rest;
        _lists = new StrictList(json);
    }

    /// <summary>Copies a review without them.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="rest">At least as long as the review.</param>
    /// <returns>The bytes copied; 0 if the review has none, or has an unusual form. Then it must be parsed as a whole.</returns>
    public static int CopyWithout(ReadOnlySpan<byte> json, Span<byte> rest)
    {
        var copy = new ManagedFields(json, rest);
        return copy.Walk(0) && copy._copied > 0 ? copy.End() : 0;
    }

    /// <summary>Walks through the members of an object on the way to the lists.</summary>
    /// <param name="level">Objects around it.</param>
    /// <returns>False for an unusual form.</returns>
    private bool Walk(int level)
    {
        Space();
        if (!Take('{'))
        {
            return false;
        }

        Space();
        if (Take('}'))
        {
            return true;
        }

        // Of the member before; of the bracket for the first.
        var comma = -1;
        var isFound = false;
        while (true)
        {
            var start = _at;
            if (Name() is not { IsEmpty: false } name)
            {
                return false;
            }

            var isList = level == 3 && name.SequenceEqual("managedFields"u8);
            if (isList ? isFound || !LeaveOut(start, comma) : !Member(name, level))
            {
                return false;
            }

            isFound |= isList;
            Space();
            comma = _at;
            if (!Take(','))
            {
                return Take('}');
            }

            Space();
        }
    }

    private bool Member(ReadOnlySpan<byte> name, int level)
    {
        var isOnTheWay = level switch
        {
            0 => name.SequenceEqual("request"u8),
            1 => name.SequenceEqual("object"u8) || name.SequenceEqual("oldObject"u8),
            2 => name.SequenceEqual("metadata"u8),
            _ => false,
        };
        if (isOnTheWay && Peek == '{')
        {
            return Walk(level + 1);
        }

        _at = JsonSkipping.EndOfValue(_json, _at);
        return _at != JsonSkipping.None;
    }

    /// <summary>Leaves a member out, with a comma beside it.</summary>
    /// <param name="start">Of its name.</param>
    /// <param name="comma">Before it; -1 if it is the first member.</param>
    private bool LeaveOut(int start, int comma)
    {
        _at = Peek == '[' ? EndOfList() : JsonSkipping.None;
        if (_at == JsonSkipping.None)
        {
            return false;
        }

        Space();
        if (comma >= 0)
        {
            Copy(comma);
            _copiedUntil = _at;
        }
        else
        {
            Copy(start);
            _copiedUntil = Peek == ',' ? _at + 1 : _at;
        }

        return true;
    }

    /// <summary>A list in which a user of the object nested thousands of levels is read by the parser, which is slower.</summary>
    private int EndOfList()
    {
        var end = _lists.End(_at);
        if (!_lists.IsTooDeep)
        {
            return end;
        }

        var reader = new Utf8JsonReader(_json[_at..], new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            reader.Read();
            reader.Skip();
            end = _at + (int)reader.BytesConsumed;
            return TextEscapes.FindLoneSurrogate(_json[_at..end], MaxDepth) is null ? end : JsonSkipping.None;
        }
        catch (JsonException)
        {
            return JsonSkipping.None;
        }
    }

    /// <summary>A name without escapes, and the colon behind it; empty for anything else.</summary>
    private ReadOnlySpan<byte> Name()
    {
        var end = Peek == '"' ? JsonSkipping.EndOfString(_json, _at) : JsonSkipping.None;
        if (end == JsonSkipping.None)
        {
            return [];
        }

        var name = _json[(_at + 1)..(end - 1)];
        _at = end;
        Space();
        if (!Take(':') || name.Contains((byte)'\\'))
        {
            return [];
        }

        Space();
        return name;
    }

    private void Copy(int until)
    {
        _json[_copiedUntil..until].CopyTo(_rest[_copied..]);
        _copied += until - _copiedUntil;
    }

    private int End()
    {
        Copy(_json.Length);
        return _copied;
    }

    private readonly byte Peek => JsonSkipping.At(_json, _at);

    private void Space() => _at = JsonSkipping.AfterSpace(_json, _at);

    private bool Take(char expected)
    {
        if (Peek != expected)
        {
            return false;
        }

        _at++;
        return true;
    }
}
