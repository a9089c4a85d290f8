namespace DeployGuard.Cli.Tests;

public class RequiredProgramTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("true", true)]
    [TestCase("1", true)]
    [TestCase("false", false)]
    [TestCase("", false)]
    [TestCase(null, false)]
    public void WhatIsMissingFailsInCiAndIsSkippedElsewhere(string? ci, bool isError) =>
        Assert.That(
            RequiredProgram.Explain("jq", $"/nowhere:{_folder}", ci),
            Is.EqualTo((isError, "jq is not installed; install it with: make rig"))
        );

    [Test]
    public void WhatIsThereIsNotAskedFor()
    {
        File.WriteAllText(Path.Combine(_folder, "jq"), "");
        Assert.That(RequiredProgram.Explain("jq", $"/nowhere:{_folder}", "true"), Is.Null);
    }
}
