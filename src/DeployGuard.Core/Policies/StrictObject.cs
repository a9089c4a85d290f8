using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

/// <summary>
/// One JSON object of a policy, read strictly: a field that no code reads is an error. All errors are collected, each with its path
/// and the allowed values, so that the author can fix them all at once.
/// </summary>
internal sealed class StrictObject(JsonElement element, string path, List<string> errors)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public string Path { get; } = path;

    public void Error(string name, string problem) => errors.Add($"{Path}.{name}: {problem}");

    public T Enum<T>(string name, T absent)
        where T : struct, Enum
    {
        if (Take(name) is not { } value)
        {
            return absent;
        }

        if (value.ValueKind is JsonValueKind.String && System.Enum.GetNames<T>().Contains(value.GetString()))
        {
            return System.Enum.Parse<T>(value.GetString() ?? "");
        }

        Error(name, $"{Show(value)} is not one of {string.Join(", ", System.Enum.GetNames<T>())}");
        return absent;
    }

    public int Int(string name, int absent, int least, int most) =>
        Take(name) is { } value ? IntOf(value, name, least, most) ?? absent : absent;

    public TimeSpan Duration(string name, TimeSpan absent, TimeSpan least)
    {
        if (Take(name) is not { } value)
        {
            return absent;
        }

        if (value.ValueKind is JsonValueKind.String && Durations.TryParse(value.GetString() ?? "", out var duration))
        {
            if (duration < least)
            {
                Error(name, $"{Show(value)} is too short; the minimum is {Durations.Show(least)}");
            }

            return duration;
        }

        Error(name, $"{Show(value)} is not a duration; write for example 90s, 10m, 72h or 1h30m");
        return absent;
    }

    public DateTimeOffset? Time(string name)
    {
        if (Take(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.String && value.TryGetDateTimeOffset(out var time))
        {
            return time;
        }

        Error(name, $"{Show(value)} is not a time; write for example 2026-03-11T00:00:00Z");
        return null;
    }

    /// <summary>False if it is absent.</summary>
    public bool Flag(string name)
    {
        if (Take(name) is not { } value)
        {
            return false;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Error(name, $"{Show(value)} is not true or false");
        return false;
    }

    public string? Text(string name)
    {
        if (Take(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.String)
        {
            return value.GetString();
        }

        Error(name, $"{Show(value)} is not a string");
        return null;
    }

    public IReadOnlyList<string> Strings(string name) =>
        List(
            name,
            "strings",
            (item, at) =>
            {
                if (item is { ValueKind: JsonValueKind.String } && item.GetString() is { Length: > 0 } text && !text.Any(char.IsControl))
                {
                    return text;
                }

                Error(at, $"{Show(item)} is not a non-empty string without control characters");
                return null;
            }
        );

    /// <summary>A list of at least one name of an enumeration; <paramref name="absent"/> if the field is absent.</summary>
    public IReadOnlyList<T> Enums<T>(string name, IReadOnlyList<T> absent)
        where T : struct, Enum
    {
        var given = List(
            name,
            "names",
            (item, at) =>
            {
                if (item.ValueKind is JsonValueKind.String && System.Enum.GetNames<T>().Contains(item.GetString()))
                {
                    return (object)System.Enum.Parse<T>(item.GetString() ?? "");
                }

                Error(at, $"{Show(item)} is not one of {string.Join(", ", System.Enum.GetNames<T>())}");
                return null;
            }
        );
        if (element.TryGetProperty(name, out var list) && list.ValueKind is JsonValueKind.Array && list.GetArrayLength() == 0)
        {
            Error(name, $"must name at least one of {string.Join(", ", System.Enum.GetNames<T>())}");
        }

        return given.Count == 0 ? absent : [.. given.Cast<T>().Distinct()];
    }

    public IReadOnlyList<int> Ints(string name, int least, int most) =>
        [.. List(name, "whole numbers", (item, at) => (object?)IntOf(item, at, least, most)).Cast<int>()];

    public IReadOnlyList<T> Objects<T>(string name, Func<StrictObject, T> read)
        where T : class =>
        List(
            name,
            "objects",
            (item, at) =>
            {
                if (item.ValueKind is JsonValueKind.Object)
                {
                    return Finish(new StrictObject(item, $"{Path}.{at}", errors), read);
                }

                Error(at, $"{Show(item)} is not an object");
                return null;
            }
        );

    /// <summary>Reads a block; null if it is absent: an absent block is off.</summary>
    public T? Block<T>(string name, Func<StrictObject, T> read)
        where T : class
    {
        if (Take(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.Object)
        {
            return Finish(new StrictObject(value, $"{Path}.{name}", errors), read);
        }

        Error(name, $"{Show(value)} is not an object");
        return null;
    }

    public IReadOnlyDictionary<string, string> Map(string name) =>
        Block(name, block => block.ReadMap()) ?? new Dictionary<string, string>();

    public bool Has(string name) => element.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null;

    public static T Finish<T>(StrictObject block, Func<StrictObject, T> read)
    {
        var result = read(block);
        block.RefuseUnknown();
        return result;
    }

    private void RefuseUnknown()
    {
        foreach (var property in element.EnumerateObject().Where(p => !_known.Contains(p.Name)))
        {
            Error(property.Name, $"unknown field; allowed are {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
        }
    }

    private JsonElement? Take(string name)
    {
        _known.Add(name);
        return element.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;
    }

    private List<T> List<T>(string name, string of, Func<JsonElement, string, T?> read)
        where T : class
    {
        if (Take(name) is not { } list)
        {
            return [];
        }

        if (list.ValueKind is not JsonValueKind.Array)
        {
            Error(name, $"{Show(list)} is not a list of {of}");
            return [];
        }

        return [.. list.EnumerateArray().Select((item, i) => read(item, $"{name}[{i}]")).OfType<T>()];
    }

    private Dictionary<string, string> ReadMap()
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in element.EnumerateObject())
        {
            if (Text(entry.Name) is { } text)
            {
                values[entry.Name] = text;
            }
        }

        return values;
    }

    private int? IntOf(JsonElement value, string at, int least, int most)
    {
        if (value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most)
        {
            return number;
        }

        Error(at, $"{Show(value)} is not a whole number from {least} to {most}");
        return null;
    }

    private static string Show(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length > 60 ? $"{text.AsSpan(0, 60)}..." : text;
    }
}
