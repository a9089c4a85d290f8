using DeployGuard.Benchmarks.Results;
using static DeployGuard.Benchmarks.Tests.Sample;

namespace DeployGuard.Benchmarks.Tests;

public class BenchResultsTests
{
    private string _file = "";

    [SetUp]
    public void NameFile() => _file = Path.Combine(Directory.CreateTempSubdirectory("bench-").FullName, "artifacts", "bench.json");

    [TearDown]
    public void Delete() => Directory.GetParent(_file)?.Parent?.Delete(recursive: true);

    [Test]
    public void ResultsAreReadAsTheyWereWritten()
    {
        Of(Ratio(1.0, 1.25, 1.5)).WriteTo(_file);
        var section = BenchResults.Read(_file).Sections.Single();
        var figure = section.Rows.Single().Figures[Column];
        Assert.That(section.Machine.Processor, Is.EqualTo("A processor"));
        Assert.That(figure.Rounds, Is.EqualTo((double[])[1.0, 1.25, 1.5]));
        Assert.That(
            (figure.Unit, figure.Compared, figure.Median, figure.Spread),
            Is.EqualTo(("ratio", Compared.LowerIsBetter, 1.25, 0.25))
        );
    }

    [Test]
    public void ARunOfOneSectionKeepsTheOthers()
    {
        var results = Of(Ratio(1), section: "growth")
            .With(SectionOf(Ratio(2), section: "api"))
            .With(SectionOf(Ratio(3), section: "growth"));
        Assert.That(
            results.Sections.Select(s => (s.Name, s.Rows[0].Figures[Column].Median)),
            Is.EquivalentTo(((string, double)[])[("api", 2), ("growth", 3)])
        );
    }

    [TestCase("{}", "there are no sections")]
    [TestCase("not JSON", "invalid")]
    public void AFileThatHoldsNoResultsIsNamed(string content, string why)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file) ?? "");
        File.WriteAllText(_file, content);
        var wrong = Assert.Throws<InvalidDataException>(() => BenchResults.Read(_file));
        Assert.That(wrong?.Message, Does.Contain("bench.json").And.Contain(why));
    }

    [Test]
    public void AFileThatIsNotThereIsNamed() =>
        Assert.That(() => BenchResults.Read(_file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("bench.json"));
}
