using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Tests;

/// <summary>What a voter sees of a text that is longer than the screen, and when they are asked.</summary>
public class PagerTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("less,more", "less -R")]
    [TestCase("more", "more")]
    [TestCase("", null)]
    public void WithoutPagerTheOneThatIsThereIsUsed(string programs, string? command)
    {
        foreach (var program in programs.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            File.WriteAllText(Path.Combine(_folder, program), "");
        }

        Assert.That(Pager.CommandOf(null, _folder), Is.EqualTo(command));
        Assert.That(Pager.CommandOf("most -x", _folder), Is.EqualTo("most -x"), "PAGER comes first");
        Assert.That(Pager.CommandOf("", _folder), Is.Null, "an empty PAGER turns it off");
    }

    [TestCase("a\nb", 80, 2)]
    [TestCase("1234567890\nb", 10, 2)]
    [TestCase("12345678901\nb", 10, 3)]
    public void ALineWiderThanTheScreenTakesSeveralRows(string text, int width, int rows) =>
        Assert.That(Pager.RowsOf(text, width), Is.EqualTo(rows));

    [Test]
    public void TheQuestionSaysWhatIsNotShown()
    {
        var unseen = new VoteTarget(new WorkloadRef("apps", "Deployment", "shop", "web"), "v2:0", [], "", IsShownInFull: false);

        Assert.That(
            VoteQuestion.Of(Decision.Approve, [unseen]),
            Is.EqualTo("\nApprove exactly this change, though it was not shown in full?")
        );
    }
}
