namespace DeployGuard.Cli.Tests;

/// <summary>The catalogue of reasons, and the page made from it.</summary>
public class ExplainTests
{
    [Test]
    public async Task TheDocsSayWhatTheCodeSays()
    {
        var run = await CommandRun.OfAsync("explain", "--markdown");

        Assert.That(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "reasons.md")), Is.EqualTo(run.Output + "\n"), "run: make docs");
    }

    [Test]
    public async Task AReasonIsExplainedHoweverItIsSpelt()
    {
        var run = await CommandRun.OfAsync("explain", "approvalmissing");

        Assert.That(run.Output, Does.StartWith("ApprovalMissing (Approval)\n").And.Contain("Who can fix it: the named groups").And.Contain("kubectl deployguard approve"));
    }

    [Test]
    public async Task AnUnknownReasonIsSaidToBeOne()
    {
        var run = await CommandRun.OfAsync("explain", "Nonsense");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, "error: Nonsense: no such reason; list them with: kubectl deployguard explain")));
    }

    [Test]
    public void EveryReasonHasACodeOfItsOwn() => Assert.That(Core.Reasons.All.Select(r => r.Code), Is.Unique);
}
