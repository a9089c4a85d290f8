using System.Text.Json;
using System.Text.RegularExpressions;

namespace DeployGuard.Cli.Tests;

/// <summary>Checks of the dashboards that need no Grafana. The end-to-end tests run their queries.</summary>
public class DashboardTests
{
    private static readonly string s_operations = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "operations.md"));

    public static IReadOnlyList<string> Files { get; } =
    [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "monitoring", "dashboards"), "*.json").Order()];

    [TestCaseSource(nameof(Files))]
    public void ADashboardLoadsIntoAnyGrafanaUnderAStableLink(string file)
    {
        using var dashboard = Read(file);
        var root = dashboard.RootElement;

        Assert.That(root.GetProperty("uid").GetString(), Is.EqualTo($"deployguard-{Path.GetFileNameWithoutExtension(file)}"));
        Assert.That(root.GetProperty("schemaVersion").GetInt32(), Is.GreaterThanOrEqualTo(39));
        Assert.That(root.GetProperty("templating").GetProperty("list")[0].GetProperty("type").GetString(), Is.EqualTo("datasource"));
        Assert.That(
            root.GetRawText(),
            Does.Not.Match("\"uid\": \"(?!\\$\\{datasource\\}|deployguard-)"),
            "no data source of a single Grafana"
        );
        Assert.That(root.GetProperty("panels").EnumerateArray().Select(p => p.GetProperty("id").GetInt32()), Is.Unique);
    }

    [TestCaseSource(nameof(Files))]
    public void EveryPanelHasADescriptionAUnitAndALegend(string file)
    {
        using var dashboard = Read(file);
        foreach (
            var panel in dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(p => p.GetProperty("type").GetString() != "row")
        )
        {
            var title = panel.GetProperty("title").GetString();
            Assert.That(panel.GetProperty("description").GetString(), Has.Length.GreaterThan(20), title);
            Assert.That(panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString(), Is.Not.Empty, title);
            Assert.That(
                panel.GetProperty("targets").EnumerateArray().Select(t => t.GetProperty("legendFormat").GetString()),
                Is.All.Not.Empty,
                title
            );
        }
    }

    [Test]
    public void EveryMetricOfAlertsAndDashboardsIsDocumented()
    {
        var texts = Files.Append(Path.Combine(AppContext.BaseDirectory, "monitoring", "rules.yaml")).Select(File.ReadAllText);
        var metrics = texts
            .SelectMany(t =>
                Regex.Matches(t, @"\bdeployguard_[a-z_]+[a-z]").Select(m => Regex.Replace(m.Value, "_(bucket|count|sum)$", ""))
            )
            .Distinct();

        Assert.That(
            metrics.Where(m => !s_operations.Contains($"`{m}`", StringComparison.Ordinal)),
            Is.Empty,
            "in the table of docs/operations.md"
        );
    }

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllText(file));
}
