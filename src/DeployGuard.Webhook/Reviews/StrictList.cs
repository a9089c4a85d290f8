namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// Finds the end of a JSON list, and checks it on the way. It accepts less than JSON: what it does not know, the parser decides.
/// Duplicate keys count as valid.
/// </summary>
internal ref struct StrictList(ReadOnlySpan<byte> json)
{
    private const int MaxNesting = 60;
    private const int MaxItems = 16;

    private readonly ReadOnlySpan<byte> _json = json;

    /// <summary>One bit for each open container, the innermost last: whether it is an object.</summary>
    private ulong _objects;
    private int _depth;
    private int _at;

    /// <summary>The ends of the first items of the list, from its start.</summary>
    private ItemEnds _ends;
    private int _items;
    private int _start;

    /// <summary>The end of the list; <see cref="JsonSkipping.None"/> if it is not certainly valid.</summary>
    /// <param name="start">At its bracket.</param>
    public int End(int start)
    {
        (_start, _at, _items) = (start, start + 1, 0);
        (_depth, _objects) = (1, 0);
        return Finish(isFirst: true);
    }

    /// <summary>
    /// The end of another list. The items with which both begin are not checked again: the lists of the old and the new object are nearly
    /// the same.
    /// </summary>
    public int EndOfNext(int start)
    {
        var same = _json[_start.._at].CommonPrefixLength(_json[start..]);
        var known = 0;
        for (var i = 0; i < _items && _ends[i] <= same; i++)
        {
            known = _ends[i];
        }

        if (known == 0)
        {
            return End(start);
        }

        (_start, _at, _items) = (start, start + known, 0);
        (_depth, _objects) = (1, 0);
        return Continue() ? Finish(isFirst: false) : ClosedOrNone();
    }

    private int Finish(bool isFirst)
    {
        // In each round: a value of the innermost container, with its name.
        for (var begins = isFirst; ; begins = false)
        {
            _at = JsonSkipping.AfterSpace(_json, _at);
            if (begins && Closes())
            {
                if (Continue())
                {
                    continue;
                }

                return ClosedOrNone();
            }

            if (IsInObject && !Name())
            {
                return JsonSkipping.None;
            }

            switch (Value())
            {
                case Outcome.Opened:
                    begins = true;
                    continue;
                case Outcome.Wrong:
                    return JsonSkipping.None;
                default:
                    if (!Continue())
                    {
                        return ClosedOrNone();
                    }

                    continue;
            }
        }
    }
}
