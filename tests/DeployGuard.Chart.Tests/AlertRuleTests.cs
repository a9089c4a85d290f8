using DeployGuard.Rig;

namespace DeployGuard.Chart.Tests;

/// <summary>The alert rules of the chart, evaluated by promtool on given series.</summary>
[Parallelizable(ParallelScope.All)]
public class AlertRuleTests
{
    /// <summary>The files of promtool's tests, by their path in the repository.</summary>
    public static IEnumerable<string> Files =>
        from folder in (string[])["charts/deployguard/tests", "manifests/monitoring"]
        let path = Path.Combine(Toolbox.Repository, folder)
        where Directory.Exists(path)
        from file in Directory.GetFiles(path, "*_test.yaml").Order()
        select Path.GetRelativePath(Toolbox.Repository, file);

    [TestCaseSource(nameof(Files))]
    public async Task AlertRulesPassTheirPromtoolTests(string file)
    {
        var tools = await Toolbox.InstallAsync();
        (await Run.OfAsync(tools["promtool"], ["test", "rules", Path.Combine(Toolbox.Repository, file)], Run.SameEnvironment)).OrFail();
    }

    [Test]
    public void AlertRulesHaveTests() => Assert.That(Files, Is.Not.Empty);
}
