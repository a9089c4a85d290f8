using System.Globalization;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>Building objects of the API: members that come to be when they are first asked for, and its form of times.</summary>
internal static class Json
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
    public static void AddOnce(JsonArray list, string key, string value, int most, Func<JsonObject> item)
    {
        if (list.Count < most && !list.Any(i => (string?)i?[key] == value))
        {
            list.Add((JsonNode)item());
        }
    }

    public static void AddText(JsonArray list, string text, int most)
    {
        if (list.Count < most && !list.Any(i => (string?)i == text))
        {
            list.Add(JsonValue.Create(text));
        }
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
