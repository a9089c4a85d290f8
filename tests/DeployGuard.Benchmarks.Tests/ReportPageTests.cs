using DeployGuard.Benchmarks.Results;
using static DeployGuard.Benchmarks.Tests.Sample;

namespace DeployGuard.Benchmarks.Tests;

public class ReportPageTests
{
    private const string Page = """
        # Performance

        <!-- bench growth: written by make bench-report -->
        an older table
        <!-- end of bench growth -->

        Prose.
        <!-- bench api: written by make bench-report -->
        a table of the API server
        <!-- end of bench api -->

        """;

    [Test]
    public void TheTableOfASectionReplacesTheFormerOneAndNothingElse()
    {
        var filled = ReportPage.Fill(Page, Of(Ratio(1.0, 1.25, 1.5)));
        Assert.That(filled, Does.StartWith("# Performance\n\n<!-- bench growth").And.Contain("a table of the API server"));
        Assert.That(filled, Does.Contain("| | p50: ratio |\n|---|---|\n| 1,000 policies | 1.25 ±0.25 |\n"));
        Assert.That(filled, Does.Contain("A processor, 4 cores").And.Not.Contain("an older table"));
    }

    [Test]
    public void ASecondRunOverTheSameResultsChangesNothing()
    {
        var results = Of(Ratio(1.0, 1.25, 1.5));
        var once = ReportPage.Fill(Page, results);
        Assert.That(ReportPage.Fill(once, results), Is.EqualTo(once));
    }

    [Test]
    public void AFigureThatARowLacksIsAnEmptyCell()
    {
        var two = SectionOf(Ratio(1)) with
        {
            Rows =
            [
                new Row("first", new Dictionary<string, Figure> { ["µs"] = Figure.Absolute("µs", [12_345.6]) }),
                new Row("second", new Dictionary<string, Figure> { ["MB"] = Figure.Absolute("MB", [97.31]) }),
            ],
        };
        Assert.That(ReportPage.Block(two), Does.Contain("| | µs | MB |\n|---|---|---|\n| first | 12,346 |  |\n| second |  | 97.3 |\n"));
    }

    [Test]
    public void ASectionWithoutAPlaceInThePageIsAnError()
    {
        var missing = Assert.Throws<InvalidDataException>(() => ReportPage.Fill(Page, Of(Ratio(1), section: "cold")));
        Assert.That(missing?.Message, Does.Contain("<!-- bench cold: written by make bench-report -->"));
    }
}
