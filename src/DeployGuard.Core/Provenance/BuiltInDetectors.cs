using System.Text.Json;

namespace DeployGuard.Core.Provenance;

/// <summary>Reads the file of <see cref="Detectors"/> that comes with this program. It is ours, so it is read without care.</summary>
internal static class BuiltInDetectors
{
    private const string Resource = "detectors.json";

    public static Detectors Load()
    {
        using var stream =
            typeof(BuiltInDetectors).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is missing from the assembly");
        using var document = JsonDocument.Parse(stream);
        var root = document.RootElement;
        return new Detectors(
            [.. Items(root, "trailers").Select(t => new TrailerDetector(Required(t, "key"), Text(t, "value"), Text(t, "tool")))],
            Items(root, "lines").ToDictionary(l => Required(l, "text"), ToolOf, StringComparer.Ordinal),
            Items(root, "emails").ToDictionary(e => Required(e, "email"), ToolOf, StringComparer.Ordinal),
            Items(root, "githubIds").ToDictionary(i => i.GetProperty("id").GetInt64(), ToolOf),
            [.. Items(root, "nameSuffixes").Select(s => (Required(s, "suffix"), ToolOf(s)))],
            Items(root, "machines").Select(m => Required(m, "email")).ToHashSet(StringComparer.Ordinal)
        );
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement root, string list) => root.GetProperty(list).EnumerateArray();

    private static string ToolOf(JsonElement item) => Required(item, "tool");

    private static string Required(JsonElement item, string name) =>
        Text(item, name) ?? throw new InvalidOperationException($"{Resource}: an entry has no {name}");

    private static string? Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetString() : null;
}
