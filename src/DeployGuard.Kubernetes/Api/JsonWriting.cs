using System.Globalization;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Api;

/// <summary>Builds objects of the API: members that are created when they are first used, and the API's form of times.</summary>
internal static class JsonWriting
{
    public static JsonObject Child(JsonObject owner, string name)
    {
        if (owner[name] is not JsonObject child)
        {
            owner[name] = child = [];
        }

        return child;
    }

    public static JsonArray List(JsonObject owner, string name)
    {
        if (owner[name] is not JsonArray list)
        {
            owner[name] = list = [];
        }

        return list;
    }

    /// <summary>Empty texts are left out: some API servers refuse them in custom resources.</summary>
    public static void SetOrRemove(JsonObject owner, string name, string? value)
    {
        owner.Remove(name);
        if (!string.IsNullOrEmpty(value))
        {
            owner[name] = value;
        }
    }

    /// <summary>Adds an item unless one has the same key, or the list is full.</summary>
    public static void AddOnce(JsonArray list, string key, string value, int max, Func<JsonObject> item)
    {
        if (list.Count < max && !list.Any(i => (string?)i?[key] == value))
        {
            list.Add((JsonNode)item());
        }
    }

    public static void AddText(JsonArray list, string text, int max)
    {
        if (list.Count < max && !list.Any(i => (string?)i == text))
        {
            list.Add(JsonValue.Create(text));
        }
    }

    /// <summary>With microseconds, as MicroTime of Kubernetes: for times that are compared with others.</summary>
    public static string ExactTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    /// <summary>A time that was written before; null if there is none.</summary>
    public static DateTimeOffset? ReadTime(JsonNode? written) =>
        DateTimeOffset.TryParse((string?)written, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) ? at : null;
}
