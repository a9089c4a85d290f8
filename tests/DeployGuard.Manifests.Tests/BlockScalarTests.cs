namespace DeployGuard.Manifests.Tests;

/// <summary>Blocks whose first lines hold spaces alone, as kubectl reads them.</summary>
public class BlockScalarTests
{
    [TestCase("a: |\n\n  x\n", "\nx\n")]
    [TestCase("a: |\n \n  x\n", "\nx\n")]
    [TestCase("a: |\n  \n  x\n", "\nx\n")]
    [TestCase("a: |-\r\n  \r\n  x\r\n", "\nx")]
    [TestCase("a: >\n  \n  x\n", "\nx\n")]
    [TestCase("a: !!str |\n  \n\n  x\n", "\n\nx\n")]
    [TestCase("a: |+\n     \nb: 1\n", "\n")]
    [TestCase("a: |2\n     \n   x\n", "   \n x\n")]
    [TestCase("a: |\n    \n    x\n     \n      \n    y\n", "\nx\n \n  \ny\n")]
    [TestCase("a: |\n  b: |\n      \n    y\nc: |\n  \n  x\n", "b: |\n    \n  y\n")]
    public void TheContentIs(string yaml, string content) =>
        Assert.That(ManifestReader.ReadText("t", yaml)[0].Content.GetProperty("a").GetString(), Is.EqualTo(content));

    [Test]
    public void BlankLinesIndentedDeeperThanTheTextAreRefused() =>
        Assert.That(
            () => ManifestReader.ReadText("t", "x: 1\n---\na: |\n     \n  x: 1\n"),
            Throws
                .InstanceOf<ManifestException>()
                .With.Message.EqualTo("t:4: not YAML: 5 spaces on a blank line, above text that is indented by 2; empty the line")
        );

    [Test]
    public void LinesKeepTheirNumbers() =>
        Assert.That(
            () => ManifestReader.ReadText("t", "a: |\n  \n  x\nb: 1\nb: 2\n"),
            Throws.InstanceOf<ManifestException>().With.Message.EqualTo("t:5: the key \"b\" twice")
        );

    [TestCase("k: own\n<<: {k: merged}", "merged", Description = "as kubectl: the later one counts")]
    [TestCase("<<: {k: merged}\nk: own", "own")]
    [TestCase("<<: [{k: first}, {k: second}]", "first")]
    [TestCase("x: &x {k: anchored}\n<<: *x", "anchored")]
    public void MergeKeysApplyInOrder(string yaml, string value) =>
        Assert.That(ManifestReader.ReadText("t", yaml)[0].Content.GetProperty("k").GetString(), Is.EqualTo(value));

    [TestCase("y: 1", "true")]
    [TestCase("0x10: 1", "16")]
    [TestCase("1.50: 1", "1.5")]
    [TestCase("\"<<\": 1", "<<")]
    public void AKeyIs(string yaml, string key) =>
        Assert.That(ManifestReader.ReadText("t", yaml)[0].Content.EnumerateObject().Single().Name, Is.EqualTo(key));
}
