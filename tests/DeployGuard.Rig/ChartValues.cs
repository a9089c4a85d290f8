using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace DeployGuard.Rig;

/// <summary>The table of the chart's values: what they do from values.schema.json, their defaults from values.yaml.</summary>
internal static class ChartValues
{
    private const string Start = "<!-- values: written by make docs -->";
    private const string End = "<!-- end of values -->";

    /// <summary>The README of the chart in a folder, with the table as it should be.</summary>
    public static string Readme(string chart)
    {
        var readme = File.ReadAllText(Path.Combine(chart, "README.md"));
        var (start, end) = (readme.IndexOf(Start, StringComparison.Ordinal), readme.IndexOf(End, StringComparison.Ordinal));
        return start >= 0 && end > start
            ? $"{readme[..start]}{Start}\n{Table(chart)}{readme[end..]}"
            : throw new InvalidOperationException(
                $"{chart}/README.md: the lines \"{Start}\" and \"{End}\" are not there: between them the table of values goes"
            );
    }

    private static string Table(string chart)
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(chart, "values.schema.json")));
        using var values = File.OpenText(Path.Combine(chart, "values.yaml"));
        var yaml = new YamlStream();
        yaml.Load(values);
        var rows = Rows("", schema.RootElement, yaml.Documents[0].RootNode);
        return $"| value | default | what it does |\n|---|---|---|\n{string.Concat(rows.Select(r => $"{r}\n"))}";
    }

    private static IEnumerable<string> Rows(string path, JsonElement schema, YamlNode? value)
    {
        if (schema.TryGetProperty("description", out var description))
        {
            return [$"| `{path}` | {Default(value)} | {description.GetString()?.Replace("|", "\\|", StringComparison.Ordinal)} |"];
        }

        return schema.TryGetProperty("properties", out var properties)
            ? properties
                .EnumerateObject()
                .SelectMany(p => Rows(path.Length == 0 ? p.Name : $"{path}.{p.Name}", p.Value, Child(value, p.Name)))
            : throw new InvalidOperationException($"values.schema.json: {path} has no description");
    }

    private static YamlNode? Child(YamlNode? node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static string Default(YamlNode? value) => value is null or YamlScalarNode { Value: "" } ? "" : $"`{Text(value)}`";

    private static string Text(YamlNode value) =>
        value switch
        {
            YamlMappingNode map => $"{{{string.Join(", ", map.Children.Select(c => $"{Text(c.Key)}: {Text(c.Value)}"))}}}",
            YamlSequenceNode list => $"[{string.Join(", ", list.Children.Select(Text))}]",
            YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.DoubleQuoted } text => $"\"{text.Value}\"",
            _ => value.ToString(),
        };
}
