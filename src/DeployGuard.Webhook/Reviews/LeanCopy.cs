using System.Text;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// Copies a review without what nothing reads: the <c>managedFields</c> of both objects, which are half of a review, and kubectl's copy
/// of the manifest, where the object has a template apart from its own metadata. Of the old object it leaves out the template and the
/// status where the new one has the same bytes.
/// What is left out was checked to be valid JSON, or its bytes are parsed in the new object, and its name has no namesake beside it. So the
/// rest is valid, and without duplicate keys, exactly if the whole is; only duplicate keys within a list of managed fields are not noticed.
/// </summary>
internal ref struct LeanCopy
{
    /// <summary>More than the 10,000 levels up to which API servers read JSON.</summary>
    private const int MaxDepth = 10_100;

    /// <summary>The kinds with a template in <c>spec.template</c>, as API servers write them in <c>request.kind</c>.</summary>
    private static readonly (byte[] Json, WorkloadKind Kind)[] s_templated =
    [
        .. BuiltInKinds
            .All.Where(k => k is { IsBuiltInWorkload: true, TemplatePath: "spec.template" })
            .Select(k => (Encoding.UTF8.GetBytes($$"""{"group":"{{k.ApiGroup}}","version":"{{k.Version}}","kind":"{{k.Name}}"}"""), k)),
    ];

    private static readonly byte[] s_lastApplied = Encoding.UTF8.GetBytes(WorkloadReader.LastApplied);

    private readonly ReadOnlySpan<byte> _json;
    private readonly Span<byte> _rest;
    private StrictList _lists;
    private int _at;

    /// <summary>Bytes that were copied, and up to where they stood in the review.</summary>
    private int _copied;
    private int _copiedUntil;

    /// <summary>Null for a kind without a template in <c>spec.template</c>.</summary>
    private WorkloadKind? _kind;

    /// <summary>Else its old object stays whole: only an update is read with both objects.</summary>
    private bool _isUpdate;
    private ReadOnlySpan<byte> _newTemplate;
    private ReadOnlySpan<byte> _newStatus;
    private bool _sharesTemplate;

    private LeanCopy(ReadOnlySpan<byte> json, Span<byte> rest)
    {
        _json = json;
        _rest = rest;
        _lists = new StrictList(json);
    }

    /// <summary>Copies a review without them.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="rest">At least as long as the review.</param>
    /// <returns>The bytes copied, and whether the old object lacks its template because it is that of the new one. 0 bytes if there was
    /// nothing to leave out, or if the review has an unusual form. Then it must be parsed as a whole.</returns>
    public static (int Length, bool SharesTemplate) Write(ReadOnlySpan<byte> json, Span<byte> rest)
    {
        var copy = new LeanCopy(json, rest);
        return copy.Walk(Place.Root) && copy._copied > 0 ? (copy.End(), copy._sharesTemplate) : (0, false);
    }

    /// <summary>Walks through the members of an object on the way to what is left out.</summary>
    /// <returns>False for an unusual form.</returns>
    private bool Walk(Place place)
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

            var isCandidate = name.SequenceEqual(Candidate(place));
            if (isCandidate ? isFound || !LeaveOut(place, start, comma) : !Member(place, name))
            {
                return false;
            }

            isFound |= isCandidate;
            Space();
            comma = _at;
            if (!Take(','))
            {
                return Take('}');
            }

            Space();
        }
    }

    /// <summary>The name of the member that may be left out; a name is never empty.</summary>
    private static ReadOnlySpan<byte> Candidate(Place place) =>
        place switch
        {
            Place.Metadata => "managedFields"u8,
            Place.Annotations => s_lastApplied,
            Place.Old => "status"u8,
            Place.OldSpec => "template"u8,
            _ => [],
        };

    private bool Member(Place place, ReadOnlySpan<byte> name)
    {
        if (Peek == '{' && Inside(place, name) is var inside and not Place.Elsewhere)
        {
            return Walk(inside);
        }

        var start = _at;
        if (!Skip())
        {
            return false;
        }

        Keep(place, name, _json[start.._at]);
        return true;
    }

    /// <summary>Keeps what says whether the same may be left out of the old object. API servers write it before that.</summary>
    private void Keep(Place place, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (place)
        {
            case Place.Request when name.SequenceEqual("kind"u8):
                _kind = TemplatedOrNull(value);
                break;
            case Place.Request when name.SequenceEqual("operation"u8):
                _isUpdate = value.SequenceEqual("\"UPDATE\""u8);
                break;
            case Place.NewSpec when name.SequenceEqual("template"u8):
                _newTemplate = value;
                break;
            case Place.New when name.SequenceEqual("status"u8):
                _newStatus = value;
                break;
            default:
                break;
        }
    }

    private static Place Inside(Place place, ReadOnlySpan<byte> name) =>
        place switch
        {
            Place.Root when name.SequenceEqual("request"u8) => Place.Request,
            Place.Request when name.SequenceEqual("object"u8) => Place.New,
            Place.Request when name.SequenceEqual("oldObject"u8) => Place.Old,
            Place.New or Place.Old when name.SequenceEqual("metadata"u8) => Place.Metadata,
            Place.New when name.SequenceEqual("spec"u8) => Place.NewSpec,
            Place.Old when name.SequenceEqual("spec"u8) => Place.OldSpec,
            Place.Metadata when name.SequenceEqual("annotations"u8) => Place.Annotations,
            _ => Place.Elsewhere,
        };

    private static WorkloadKind? TemplatedOrNull(ReadOnlySpan<byte> kind)
    {
        foreach (var (json, known) in s_templated)
        {
            if (kind.SequenceEqual(json))
            {
                return known;
            }
        }

        return null;
    }

    private bool LeaveOut(Place place, int start, int comma)
    {
        if (place is Place.Metadata)
        {
            return LeaveOut(start, comma, Peek == '[' ? EndOfList() : JsonSkipping.None);
        }

        if (place is Place.Annotations)
        {
            // The annotations of a pod are part of its template, and its containers may read any of them.
            var text = _kind is not null && Peek == '"' ? JsonSkipping.EndOfStrictString(_json, _at) : JsonSkipping.None;
            return text == JsonSkipping.None ? Skip() : LeaveOut(start, comma, text);
        }

        var value = _at;
        if (!Skip())
        {
            return false;
        }

        var isTemplate = place is Place.OldSpec;
        if (
            !_isUpdate
            || _kind is null
            // The number of its pods is in its status.
            || (!isTemplate && _kind.RunsOnEveryNode)
            || _json[value] != '{'
            || !_json[value.._at].SequenceEqual(isTemplate ? _newTemplate : _newStatus)
        )
        {
            return true;
        }

        _sharesTemplate |= isTemplate;
        return LeaveOut(start, comma, _at);
    }

    private bool Skip()
    {
        _at = JsonSkipping.EndOfValue(_json, _at);
        return _at != JsonSkipping.None;
    }

    /// <summary>Leaves a member out, with a comma beside it.</summary>
    /// <param name="start">Of its name.</param>
    /// <param name="comma">Before it; -1 if it is the first member.</param>
    /// <param name="end">Behind its value.</param>
    private bool LeaveOut(int start, int comma, int end)
    {
        _at = end;
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

    private enum Place
    {
        Elsewhere,
        Root,
        Request,
        New,
        Old,
        Metadata,
        Annotations,
        NewSpec,
        OldSpec,
    }
}
