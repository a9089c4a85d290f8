using System.Diagnostics.CodeAnalysis;
using System.Globalization;
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

    // Most members are of the right type. Only an error needs to know where they are.
    /// <param name="like">What it probably is: then this same string is returned.</param>
    public string? Text(string name, string? like = null) =>
        !Has(name, out var value) ? null
        : like is not null && value.ValueKind is JsonValueKind.String && value.ValueEquals(like) ? like
        : value.ValueKind is JsonValueKind.String ? value.GetString()
        : throw Member(name, value).Wrong("a string");

    public int? Int(string name) =>
        !Has(name, out var value) ? null
        : value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : throw Member(name, value).Wrong("a whole number");

    public long? Long(string name) =>
        !Has(name, out var value) ? null
        : value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var number) ? number
        : throw Member(name, value).Wrong("a whole number");

    /// <summary>An RFC 3339 time, as the API server writes them; null if it is absent.</summary>
    public DateTimeOffset? Time(string name) =>
        !Has(name, out var value) ? null
        : value.ValueKind is JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time
        : throw Member(name, value).Wrong("a time");

    public IReadOnlyList<string> Texts(string name) =>
        !Has(name, out _)
            ? []
            :
            [
                .. Items(name)
                    .Select(i => i.Element.ValueKind is JsonValueKind.String ? i.Element.GetString() ?? "" : throw i.Wrong("a string")),
            ];

    public bool Flag(string name) =>
        Has(name, out var value)
        && value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Member(name, value).Wrong("true or false"),
        };

    /// <summary>The items of a list, for loops: it is checked at once, and allocates only the places.</summary>
    public FieldList Each(string name) => new(Typed(name, JsonValueKind.Array, "a list"));

    public IEnumerable<Field> Items(string name) => Has(name, out _) ? Enumerate(name) : [];

    private IEnumerable<Field> Enumerate(string name)
    {
        if (Typed(name, JsonValueKind.Array, "a list") is not { } list)
        {
            yield break;
        }

        var index = 0;
        foreach (var element in list.Element.EnumerateArray())
        {
            yield return new Field(element, new FieldLocation(list.Place, FieldLocation.Index(index++)));
        }
    }

    /// <summary>The items of a list of objects.</summary>
    public IEnumerable<Field> Objects(string name) => Items(name).Select(i => i.AsObject());

    /// <param name="without">A key whose value is not kept.</param>
    /// <param name="like">What it probably is: then this same map is returned.</param>
    public IReadOnlyDictionary<string, string> Map(string name, string without = "", IReadOnlyDictionary<string, string>? like = null)
    {
        if (!Has(name, out var value))
        {
            return Maps.Empty;
        }

        if (value.ValueKind is not JsonValueKind.Object)
        {
            throw Member(name, value).Wrong("an object");
        }

        if (like is SmallMap known && known.IsIn(value, without))
        {
            return known;
        }

        var values = new MapBuilder(value.GetPropertyCount());
        foreach (var entry in value.EnumerateObject())
        {
            if (entry.Value.ValueKind is not JsonValueKind.String)
            {
                throw new MalformedObjectException(
                    $"{Member(name, value).Path}.{entry.Name}",
                    $"expected a string, found {Describe(entry.Value)}"
                );
            }

            if (without.Length == 0 || !entry.NameEquals(without))
            {
                values.Put(entry.Name, entry.Value.GetString() ?? "");
            }
        }

        return values.Map();
    }

    public MalformedObjectException Wrong(string expected) => new(Path, $"expected {expected}, found {Describe(Element)}");

    /// <summary>The value itself, which must be an object; for items of lists.</summary>
    public Field AsObject() => Element.ValueKind is JsonValueKind.Object ? this : throw Wrong("an object");

    private bool Has(string name, out JsonElement value) =>
        Element.TryGetProperty(name, out value) && value.ValueKind is not JsonValueKind.Null;

    private Field Member(string name, JsonElement value) => new(value, new FieldLocation(Place, name));

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
    private static readonly string[] s_indices = [.. Enumerable.Range(0, 64).Select(Text)];

    /// <summary>The segment of an item of a list.</summary>
    public static string Index(int index) => index < s_indices.Length ? s_indices[index] : Text(index);

    public override string ToString() =>
        Parent is null ? Segment
        : Segment.StartsWith('[') ? Parent + Segment
        : $"{Parent}.{Segment}";

    private static string Text(int index) => string.Create(CultureInfo.InvariantCulture, $"[{index}]");
}
