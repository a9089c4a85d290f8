using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// Reads the fields of an object strictly. Each mistake is noted with its path and reading goes on, so that a writer sees all of them. What
/// was not asked for is a mistake too.
/// </summary>
internal sealed class FieldReader(JsonElement owner, string path, List<string> mistakes)
{
    public const int MaxText = 1024;
    public const int MaxItems = 1000;

    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Empty where it is wrong.</summary>
    /// <param name="rule">What is wrong with a text; null if nothing is.</param>
    public string Text(string name, Func<string, string?>? rule = null)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.String } value)
        {
            return Wrong(name, "is missing, or not a string", "");
        }

        return Checked(name, value, rule);
    }

    public bool Flag(string name) =>
        Find(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value
            ? value.GetBoolean()
            : Wrong(name, "is missing, or neither true nor false", false);

    public DateTimeOffset Time(string name)
    {
        var text = Text(name);
        return text.Length == 0 ? default : StrictJson.TimeIn(text) ?? Wrong(name, StrictJson.NoTime, default(DateTimeOffset));
    }

    public FieldReader? Part(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Object } value
            ? new FieldReader(value, $"{path}{name}.", mistakes)
            : Wrong<FieldReader?>(name, "is missing, or not an object", null);

    /// <summary>Empty where the field is absent.</summary>
    public IReadOnlyList<FieldReader> Parts(string name) =>
        [
            .. Items(name)
                .Index()
                .Select(item =>
                    item.Item.ValueKind is JsonValueKind.Object
                        ? new FieldReader(item.Item, $"{path}{name}[{item.Index}].", mistakes)
                        : Wrong<FieldReader?>($"{name}[{item.Index}]", "is not an object", null)
                )
                .OfType<FieldReader>(),
        ];

    public IReadOnlyList<string> Texts(string name)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.Array })
        {
            return Wrong<IReadOnlyList<string>>(name, "is missing, or not a list", []);
        }

        return
        [
            .. Items(name)
                .Index()
                .Select(item =>
                    item.Item.ValueKind is JsonValueKind.String
                        ? Checked($"{name}[{item.Index}]", item.Item, null)
                        : Wrong($"{name}[{item.Index}]", "is not a string", "")
                ),
        ];
    }

    /// <summary>To be called when all fields were read.</summary>
    public void End()
    {
        foreach (var other in owner.EnumerateObject().Select(p => p.Name).Where(n => !_asked.Contains(n)))
        {
            mistakes.Add($"{path}{other}: is no field of this statement");
        }
    }

    public void Mistake(string name, string what) => mistakes.Add($"{path}{name}: {what}");

    private JsonElement? Find(string name)
    {
        _asked.Add(name);
        return owner.TryGetProperty(name, out var value) ? value : null;
    }

    private IEnumerable<JsonElement> Items(string name)
    {
        if (Find(name) is not { } list)
        {
            return [];
        }

        return list.ValueKind is not JsonValueKind.Array ? Wrong<IEnumerable<JsonElement>>(name, "is not a list", [])
            : list.GetArrayLength() > MaxItems
                ? Wrong<IEnumerable<JsonElement>>(name, $"has {list.GetArrayLength()} items; the limit is {MaxItems}", [])
            : list.EnumerateArray();
    }

    private string Checked(string name, JsonElement value, Func<string, string?>? rule)
    {
        string text;
        try
        {
            text = value.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return Wrong(name, "is not text: half of a surrogate pair", "");
        }

        var wrong =
            text.Length == 0 ? "is empty"
            : text.Length > MaxText ? $"has {text.Length} characters; the limit is {MaxText}"
            : rule?.Invoke(text);
        return wrong is null ? text : Wrong(name, wrong, "");
    }

    private T Wrong<T>(string name, string what, T instead)
    {
        Mistake(name, what);
        return instead;
    }
}
