using DeployGuard.Manifests;

namespace DeployGuard.Cli.Tests;

public class ExampleTests
{
    private static readonly string s_root = Path.Combine(AppContext.BaseDirectory, "examples");

    public static IEnumerable<string> Names() => Directory.GetDirectories(s_root).Select(d => Path.GetFileName(d)).Order();

    [TestCaseSource(nameof(Names))]
    public async Task CheckAnswersAsTheExampleExpects(string name)
    {
        var folder = Path.Combine(s_root, name);
        var expected = ExpectedAnswer.Read(folder);

        var run = await CommandRun.OfAsync("check", "-f", folder);

        Assert.That(run.ExitCode, Is.EqualTo(expected.Allowed ? 0 : 1), run.Error);
        Assert.That(
            run.Output,
            expected.Message is { } message ? Does.StartWith($"{folder}/after.yaml:1: {message}") : Does.Contain(" allowed (")
        );
        Assert.That(
            run.Output.Split('\n').Where(l => l.StartsWith("Warning: ", StringComparison.Ordinal)),
            Is.EqualTo(expected.Warnings.Select(w => $"Warning: {w}"))
        );
    }

    [Test]
    public void ThereAreAtLeastTwentyExamples() => Assert.That(Names().Count(), Is.GreaterThanOrEqualTo(20));
}
