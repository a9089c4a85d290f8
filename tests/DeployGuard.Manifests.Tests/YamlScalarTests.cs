namespace DeployGuard.Manifests.Tests;

/// <summary>Scalars as kubectl reads them: YAML 1.1.</summary>
public class YamlScalarTests
{
    [TestCase("n", "false")]
    [TestCase("on", "true")]
    [TestCase("Yes", "true")]
    [TestCase("\"on\"", "\"on\"")]
    [TestCase("'n'", "\"n\"")]
    [TestCase("~", "null")]
    [TestCase("8080", "8080")]
    [TestCase("0x1F", "31")]
    [TestCase("010", "8")]
    [TestCase("0o10", "8")]
    [TestCase("1_000", "1000")]
    [TestCase("1.5", "1.5")]
    [TestCase("25%", "\"25%\"")]
    [TestCase("1.2.3", "\"1.2.3\"")]
    [TestCase("2026-11-23", "\"2026-11-23\"")]
    [TestCase("10m", "\"10m\"")]
    [TestCase("|\n  on", "\"on\"")]
    public void AScalarIs(string yaml, string json) =>
        Assert.That(ManifestReader.ReadText("t", $"a: {yaml}")[0].Content.GetProperty("a").GetRawText(), Is.EqualTo(json));

    [Test]
    public void DocumentsAndListsAreSplit() =>
        Assert.That(
            ManifestReader.ReadText("t", "a: 1\n---\n---\nkind: List\napiVersion: v1\nitems: [{a: 2}, {a: 3}]").Select(m => m.Source),
            Is.EqualTo(new[] { "t:1", "t:6 items[0]", "t:6 items[1]" })
        );
}
