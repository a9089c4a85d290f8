using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>A JSON value with its path, so that errors can name the place.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "The members are named after the JSON types that they read.")]
public readonly record struct Field(JsonElement Element, FieldLocation? Place)
{
    public static Field Root(JsonElement element) => new(element, null);

    /// <summary>Built on first use. Only images and errors need it.</summary>
    public string Path => Place?.ToString() ?? "";

    /// <summary>The member; null if it is absent or JSON null, which Kubernetes treats alike.</summary>
    public Field? this[string name] =>
        Element.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null
            ? new Field(value, new FieldLocation(Place, name))
            : null;

    public Field? Object(string name) => Typed(name, JsonValueKind.Object, "an object");

    public Field RequiredObject(string name) =>
        Object(name) ?? throw new MalformedObjectException(new FieldLocation(Place, name).ToString(), "is missing");

    public string? Text(string name) => Typed(name, JsonValueKind.String, "a string")?.Element.GetString();

    public int? Int(string name) => this[name]?.AsInt();

    public long? Long(string name) =>
        this[name] is not { } field ? null
        : field.Element.ValueKind is JsonValueKind.Number && field.Element.TryGetInt64(out var value) ? value
        : throw field.Wrong("a whole number");

    /// <summary>An RFC 3339 time, as the API server writes them; null if it is absent.</summary>
    public DateTimeOffset? Time(string name) =>
        Typed(name, JsonValueKind.String, "a time") is not { } field ? null
        : field.Element.TryGetDateTimeOffset(out var time) ? time
        : throw field.Wrong("a time");

    public IReadOnlyList<string> Texts(string name) =>
        [.. Items(name).Select(i => i.Element.ValueKind is JsonValueKind.String ? i.Element.GetString() ?? "" : throw i.Wrong("a string"))];

    public bool Flag(string name) =>
        this[name] is { } field
        && field.Element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw field.Wrong("true or false"),
        };

    public IEnumerable<Field> Items(string name)
    {
        if (Typed(name, JsonValueKind.Array, "a list") is not { } list)
        {
            yield break;
        }

        var index = 0;
        foreach (var element in list.Element.EnumerateArray())
        {
            yield return new Field(element, new FieldLocation(list.Place, $"[{index++}]"));
        }
    }

    /// <summary>The items of a list of objects.</summary>
    public IEnumerable<Field> Objects(string name) => Items(name).Select(i => i.AsObject());

    public IReadOnlyDictionary<string, string> Map(string name)
    {
        if (Object(name) is not { } map)
        {
            return Maps.Empty;
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.Element.EnumerateObject())
        {
            values[entry.Name] =
                entry.Value.ValueKind is JsonValueKind.String
                    ? entry.Value.GetString() ?? ""
                    : throw new MalformedObjectException($"{map.Path}.{entry.Name}", $"expected a string, found {Describe(entry.Value)}");
        }

        return values;
    }

    public MalformedObjectException Wrong(string expected) => new(Path, $"expected {expected}, found {Describe(Element)}");

    /// <summary>The value itself, which must be an object; for items of lists.</summary>
    public Field AsObject() => Element.ValueKind is JsonValueKind.Object ? this : throw Wrong("an object");

    private int AsInt() =>
        Element.ValueKind is JsonValueKind.Number && Element.TryGetInt32(out var value) ? value : throw Wrong("a whole number");

    private Field? Typed(string name, JsonValueKind kind, string expected) =>
        this[name] is not { } field ? null
        : field.Element.ValueKind == kind ? field
        : throw field.Wrong(expected);

    private static string Describe(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "a number",
            JsonValueKind.True or JsonValueKind.False => "a boolean",
            _ => "nothing",
        };
}

/// <summary>A path segment with its parent: the name of a member, or an index such as <c>[2]</c>.</summary>
public sealed record FieldLocation(FieldLocation? Parent, string Segment)
{
    public override string ToString() =>
        Parent is null ? Segment
        : Segment.StartsWith('[') ? Parent + Segment
        : $"{Parent}.{Segment}";
}
