using System.Text.RegularExpressions;

namespace DeployGuard.Cli.Tests;

/// <summary>An alert tells the on-call engineer what is wrong and what to do. Rule tests have each alert fire, and stay silent.</summary>
public class AlertTests
{
    private static readonly string s_rules = Read("monitoring", "rules.yaml");
    private static readonly string s_runbook = Read("docs", "runbook.md");
    private static readonly string s_unitTests = string.Concat(
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "monitoring"), "*_test.yaml").Select(File.ReadAllText)
    );

    /// <summary>Name and text of each alert, in the order of the file. Two may share a name, and differ in severity.</summary>
    public static IReadOnlyList<TestCaseData> Alerts { get; } =
    [
        .. Regex
            .Split(s_rules, @"^ {6}- alert: ", RegexOptions.Multiline)
            .Skip(1)
            .Select(text => new TestCaseData(text.Split('\n')[0], text).SetArgDisplayNames(text.Split('\n')[0], Severity(text))),
    ];

    [TestCaseSource(nameof(Alerts))]
    public void AnAlertHasASeverityASummaryANumberAndARunbookLink(string name, string text)
    {
        Assert.That(Severity(text), Is.AnyOf("critical", "warning", "info"));
        Assert.That(text, Does.Match(@"\n {10}summary: \S"));
        Assert.That(
            Regex.Match(text, @"\n {10}description: >-\n(( {12}.+\n)+)").Groups[1].Value,
            name == "DeployGuardDown" ? Does.Match(@"\d") : Does.Contain("{{ $value"),
            "a number"
        );
        Assert.That(
            text,
            Does.Match(
                $@"\n {{10}}runbook_url: https://github\.com/deployguard/deployguard/blob/main/docs/runbook\.md#{name.ToLowerInvariant()}\n"
            )
        );
    }

    [TestCaseSource(nameof(Alerts))]
    public void TheRunbookCoversEveryAlertFromItsMeaningToItsEnd(string name, string text)
    {
        var section = Regex
            .Match(s_runbook, $@"^## {name}\n(.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline)
            .Groups[1]
            .Value;

        Assert.That(
            section,
            Does.Contain("**Means**")
                .And.Contain("**Felt**")
                .And.Match(@"\n1\. .*")
                .And.Contain("**Gate**: ")
                .And.Contain("**Over when**: "),
            $"the runbook must cover {name}:\n{text}"
        );
        Assert.That(section, Does.Match("`(kubectl|helm|jq) "), "commands to copy");
    }

    [TestCaseSource(nameof(Alerts))]
    public void RuleTestsHaveEveryAlertFireAndStaySilent(string name, string text)
    {
        Assert.That(
            s_unitTests,
            Does.Match($@"- alertname: {name}\n +eval_time: \w+\n +exp_alerts:\n( +.*\n)*? +- exp_labels: \{{.*severity: {Severity(text)}")
        );
        Assert.That(s_unitTests, Does.Match($@"- \{{alertname: {name}, eval_time: \w+, exp_alerts: \[\]\}}"));
    }

    [Test]
    public void TheRunbookHasNoSectionWithoutAnAlert() =>
        Assert.That(
            Regex.Matches(s_runbook, "^## (DeployGuard.*)$", RegexOptions.Multiline).Select(m => m.Groups[1].Value),
            Is.EqualTo(Alerts.Select(a => a.OriginalArguments[0]).Distinct()),
            "in the order of rules.yaml"
        );

    private static string Severity(string text) => Regex.Match(text, @"\n {10}severity: (\w+)\n").Groups[1].Value;

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([AppContext.BaseDirectory, .. path]));
}
