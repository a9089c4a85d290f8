using System.Runtime.CompilerServices;

namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// Checks JSON lists and finds their ends, without reading them. It accepts less than JSON: what it does not know, the parser decides.
/// Duplicate keys count as valid.
/// </summary>
internal ref struct StrictList(ReadOnlySpan<byte> json)
{
    private const int MaxDepth = 60;
    private const int MaxItems = 16;

    private readonly ReadOnlySpan<byte> _json = json;

    /// <summary>A bit for each open container, the innermost last: 1 for an object.</summary>
    private ulong _objects;
    private int _depth;
    private int _at;

    /// <summary>The list that was checked last, and where its first items end, from its start.</summary>
    private int _start;
    private int _items;
    private ItemEnds _ends;

    /// <summary>Whether the last list was nested so deeply that its end is not known for that reason.</summary>
    public bool IsTooDeep { get; private set; }

    /// <summary>
    /// The end of the list; <see cref="JsonSkipping.None"/> if it is not certainly valid. The items with which the list before began are
    /// not checked again: those of the old and the new object are nearly the same.
    /// </summary>
    /// <param name="start">The place of its bracket.</param>
    public int End(int start)
    {
        var known = KnownUntil(start);
        (_start, _at, _items, _depth, _objects, IsTooDeep) = (start, start + Math.Max(known, 1), 0, 1, 0, false);
        return Run(known > 0 ? Step.Ended : Step.Opened) ? _at : JsonSkipping.None;
    }

    private int KnownUntil(int start)
    {
        var same = _items == 0 ? 0 : _json[_start.._at].CommonPrefixLength(_json[start..]);
        var known = 0;
        for (var i = 0; i < _items && _ends[i] <= same; i++)
        {
            known = _ends[i];
        }

        return known;
    }

    private bool Run(Step step)
    {
        while (_depth > 0)
        {
            step = step switch
            {
                Step.Opened => Begin(),
                Step.Member => IsInObject && !Name() ? Step.Wrong : Value(),
                Step.Ended => Continue(),
                _ => Step.Wrong,
            };
            if (step is Step.Wrong)
            {
                return false;
            }
        }

        return true;
    }

    private readonly bool IsInObject => (_objects & 1) == 1;

    /// <summary>Behind an opening bracket: a first member, or none.</summary>
    private Step Begin()
    {
        Space();
        return Peek is (byte)'}' or (byte)']' ? Close() : Step.Member;
    }

    /// <summary>Behind a value: another one, or the end of its container.</summary>
    private Step Continue()
    {
        if (_depth == 1 && _items < MaxItems)
        {
            _ends[_items++] = _at - _start;
        }

        Space();
        if (Peek != ',')
        {
            return Close();
        }

        _at++;
        Space();
        return Step.Member;
    }

    private Step Close()
    {
        if (Peek != (IsInObject ? '}' : ']'))
        {
            return Step.Wrong;
        }

        (_at, _depth, _objects) = (_at + 1, _depth - 1, _objects >> 1);
        return Step.Ended;
    }

    private bool Name()
    {
        if (Peek != '"' || !Text())
        {
            return false;
        }

        Space();
        if (Peek != ':')
        {
            return false;
        }

        _at++;
        Space();
        return true;
    }

    private Step Value()
    {
        switch (Peek)
        {
            case (byte)'{':
                return Open(1);
            case (byte)'[':
                return Open(0);
            case (byte)'"':
                return Text() ? Step.Ended : Step.Wrong;
            case (byte)'t':
                return Literal("true"u8);
            case (byte)'f':
                return Literal("false"u8);
            case (byte)'n':
                return Literal("null"u8);
            default:
                // managedFields has no numbers.
                return Step.Wrong;
        }
    }

    private Step Open(ulong isObject)
    {
        if (_depth == MaxDepth)
        {
            IsTooDeep = true;
            return Step.Wrong;
        }

        (_at, _depth, _objects) = (_at + 1, _depth + 1, (_objects << 1) | isObject);
        return Step.Opened;
    }

    private Step Literal(ReadOnlySpan<byte> word)
    {
        if (!_json[_at..].StartsWith(word))
        {
            return Step.Wrong;
        }

        _at += word.Length;
        return Step.Ended;
    }

    private bool Text()
    {
        var end = JsonSkipping.EndOfStrictString(_json, _at);
        _at = Math.Max(_at, end);
        return end != JsonSkipping.None;
    }

    private readonly byte Peek => JsonSkipping.At(_json, _at);

    private void Space() => _at = JsonSkipping.AfterSpace(_json, _at);

    private enum Step
    {
        Opened,
        Member,
        Ended,
        Wrong,
    }

    [InlineArray(MaxItems)]
    private struct ItemEnds
    {
        private int _first;
    }
}
