using System.Text.RegularExpressions;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Tests;

/// <summary>docs/integrations.md matches the program.</summary>
public class IntegrationsPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "integrations.md"));

    [Test]
    public void TheTableHasExactlyThePresetsThatAreSafeToTrust()
    {
        var rows = s_page
            .Split('\n')
            .SkipWhile(l => !l.StartsWith("| preset |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(l => l.StartsWith('|'));

        Assert.That(
            rows,
            Is.EqualTo(
                ControllerPreset
                    .All.Where(p => p.IsSafe)
                    .Select(p =>
                        $"| `{p.Name}` | `{p.Namespace}:{p.Account}` | "
                        + $"`[{string.Join(", ", p.Kinds)}]`{(p.Needs is { } owner ? $" of a {owner.Kind}" : "")} | "
                        + $"{(p.Needs is null ? "-" : $"`{p.RequiredKindInChart}`")} |"
                    )
            )
        );
    }

    [Test]
    public void EveryKnownControllerHasTheAnchorThatDoctorAndErrorsLinkTo() =>
        Assert.That(
            ControllerPreset.All.Select(p => p.Name).Where(n => !s_page.Contains($"<a id=\"{n}\"></a>", StringComparison.Ordinal)),
            Is.Empty
        );

    [Test]
    public void EveryAnchorIsUnique() =>
        Assert.That(Regex.Matches(s_page, "<a id=\"([^\"]+)\">").Select(m => m.Groups[1].Value), Is.Unique);

    [Test]
    public void EveryKnownRestartAnnotationIsListed() =>
        Assert.That(TemplateNoise.DefaultRestarts.Where(k => !s_page.Contains($"`{k}`", StringComparison.Ordinal)), Is.Empty);
}
