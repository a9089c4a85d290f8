using System.Globalization;
using System.Text.Json;

namespace DeployGuard.EndToEnd;

/// <summary>A query of a dashboard's panel or annotation.</summary>
/// <param name="Name">Identifies the query in its panel.</param>
/// <param name="Instant">Evaluated at one instant, instead of over the time range of the dashboard.</param>
public sealed record PanelQuery(string Dashboard, string Panel, string Name, string Expression, bool Instant)
{
    public static IReadOnlyList<PanelQuery> All { get; } =
    [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "dashboards"), "*.json").Order().SelectMany(Of)];

    /// <summary>With its variables filled in as Grafana fills them, for a dashboard that shows the last seconds.</summary>
    public string Over(int seconds) =>
        Expression
            .Replace("$__rate_interval", "30s", StringComparison.Ordinal)
            .Replace("$__interval", "30s", StringComparison.Ordinal)
            .Replace("$__range", $"{seconds}s", StringComparison.Ordinal)
            .Replace("$namespace", ".*", StringComparison.Ordinal)
            .Replace("$before", "10s", StringComparison.Ordinal);

    public override string ToString() => $"{Dashboard}, {Panel}, {Name}";

    /// <summary>Whether the result has a number: NaN from a division by zero is no data.</summary>
    public static bool HasNumbers(JsonElement result) =>
        result
            .EnumerateArray()
            .SelectMany(series =>
                series.TryGetProperty("values", out var values) ? values.EnumerateArray().ToArray() : [series.GetProperty("value")]
            )
            .Any(sample => double.IsFinite(double.Parse(sample[1].GetString() ?? "", CultureInfo.InvariantCulture)));

    private static IEnumerable<PanelQuery> Of(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        using var dashboard = JsonDocument.Parse(File.ReadAllText(file));
        var root = dashboard.RootElement;
        return
        [
            .. root.GetProperty("annotations").GetProperty("list").EnumerateArray().Select(a => Read(name, a, a)),
            .. root.GetProperty("panels")
                .EnumerateArray()
                .Where(p => p.TryGetProperty("targets", out _))
                .SelectMany(p => p.GetProperty("targets").EnumerateArray().Select(t => Read(name, p, t))),
        ];
    }

    private static PanelQuery Read(string dashboard, JsonElement panel, JsonElement target) =>
        new(
            dashboard,
            (panel.TryGetProperty("title", out var title) ? title : panel.GetProperty("name")).GetString() ?? "",
            target.TryGetProperty("refId", out var name) ? name.GetString() ?? "" : "annotation",
            // A panel's fallback value does not show that its series exist.
            (target.GetProperty("expr").GetString() ?? "").Replace(" or vector(0)", "", StringComparison.Ordinal),
            target.TryGetProperty("instant", out var instant) && instant.GetBoolean()
        );
}
