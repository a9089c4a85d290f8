using DeployGuard.Core.Evaluation;

namespace DeployGuard.Cli.Tests;

/// <summary>The catalogue of reason codes, and the page that is generated from it.</summary>
public class ExplainTests
{
    [Test]
    public async Task ThePageOfReasonCodesIsUpToDate()
    {
        var run = await CommandRun.OfAsync("explain", "--markdown");

        Assert.That(
            await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "reasons.md")),
            Is.EqualTo(run.Output + "\n"),
            "run: make docs"
        );
    }

    [Test]
    public async Task AReasonCodeIsFoundInAnyCase()
    {
        var run = await CommandRun.OfAsync("explain", "approvalmissing");

        Assert.That(
            run.Output,
            Does.StartWith("ApprovalMissing (Approval)\n")
                .And.Contain("Who can fix it: an approver of the named groups")
                .And.Contain("kubectl deployguard approve")
        );
    }

    [Test]
    public async Task AnUnknownReasonCodeIsAnError()
    {
        var run = await CommandRun.OfAsync("explain", "Nonsense");

        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo((2, "error: Nonsense: no such reason; list them with: kubectl deployguard explain"))
        );
    }

    [Test]
    public async Task TheStepsOfACanaryAreExplainedInPods()
    {
        var run = await CommandRun.OfAsync("explain", "canary", "--replicas", "3");

        Assert.That(
            run.Output,
            Does.Contain("5%     1                   1 for 10m   1\n").And.Contain("50%    3                   2 for 10m   1\n")
        );
        Assert.That(run.Output, Does.Contain("With 3 pods, one pod completes 2 steps at once."));
    }

    /// <summary>A refusal sends users here to learn how to run a canary.</summary>
    [Test]
    public async Task ACanaryIsExplainedAsARecipe()
    {
        var output = (await CommandRun.OfAsync("explain", "canary")).Output;

        Assert.That(
            output,
            Does.Contain("         selector: {matchLabels: {app: web, track: canary}}")
                .And.Contain("  2. kubectl apply -f web-canary.yaml")
                .And.Contain("--replicas=N, where N is that of the next step: 6, 20, 20\n")
                .And.Contain("docs/canary.md")
        );
    }

    [TestCase("--replicas 0", "error: --replicas 0: expected 1 to 1000000")]
    [TestCase("--policy nowhere.yaml", "error: nowhere.yaml: no such file")]
    public async Task AnInvalidFlagOfExplainIsAnError(string flags, string error)
    {
        var run = await CommandRun.OfAsync(["explain", "canary", .. flags.Split(' ')]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, error)));
    }

    [Test]
    public void EveryReasonHasAUniqueCode() => Assert.That(Reasons.All.Select(r => r.Code), Is.Unique);
}
