using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

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

    /// <summary>A number of a method that the policy does not accept would be refused.</summary>
    [TestCase("[Pool]", "STEP   SECOND DEPLOYMENT   MUST SOAK", "Pool")]
    [TestCase("[Pace]", "STEP   IN PLACE AT ONCE", "Pace")]
    [TestCase("[StatefulSetPartition]", "STEP   ABOVE THE PARTITION   MUST SOAK", "StatefulSetPartition")]
    [TestCase("[Pool, Pace]", "STEP   SECOND DEPLOYMENT   MUST SOAK    IN PLACE AT ONCE", "Pool Pace")]
    public async Task OnlyTheAcceptedMethodsAreExplained(string accept, string header, string methods)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("deployguard-test-").FullName, "policy.yaml");
        await File.WriteAllTextAsync(
            file,
            "apiVersion: deployguard.io/v1alpha1\nkind: SafeguardPolicy\nmetadata: {name: a}\n"
                + $"spec: {{mode: Enforce, canary: {{steps: [5, 50], accept: {accept}}}}}\n"
        );

        var output = (await CommandRun.OfAsync("explain", "canary", "--policy", file)).Output;
        Directory.Delete(Path.GetDirectoryName(file) ?? "", recursive: true);

        Assert.That(output.Split('\n')[2].TrimEnd(), Is.EqualTo(header), output);
        foreach (var method in Enum.GetNames<RolloutMethod>())
        {
            Assert.That(
                output.Contains($"\n  {method} ", StringComparison.Ordinal),
                Is.EqualTo(methods.Split(' ').Contains(method)),
                $"{method}: {output}"
            );
        }

        Assert.That(
            output.Contains("does not help under this policy", StringComparison.Ordinal),
            Is.EqualTo(!methods.Contains("Pool", StringComparison.Ordinal))
        );
    }

    /// <summary>A refusal gives this command: few developers may read policies.</summary>
    [Test]
    public async Task StepsAreExplainedWithoutAPolicy()
    {
        var output = (await CommandRun.OfAsync("explain", "canary", "--replicas", "10", "--steps", "10,50", "--soak", "3m")).Output;

        Assert.That(
            output,
            Does.StartWith("How many pods an unproven revision may run on, of the 10 that serve the same users (steps 10, 50):")
        );
        Assert.That(output, Does.Contain("\n10%    1                   1 for 3m\n").And.Not.Contain("IN PLACE"));
    }

    [TestCase("--steps 50,10", "error: --steps 50,10: expected at most 16 increasing percentages, each 1 to 99, such as 5,25,50")]
    [TestCase("--steps ten", "error: --steps ten: expected at most 16 increasing percentages, each 1 to 99, such as 5,25,50")]
    [TestCase("--soak 3m", "error: --soak without --steps: name the steps too, such as --steps 5,25,50")]
    [TestCase("--steps 5 --soak soon", "error: --soak soon: not a duration such as 10m or 90s")]
    [TestCase("--steps 5 --policy p.yaml", "error: --policy has steps and a soak of its own: leave out --steps and --soak")]
    public async Task StepsThatMakeNoCanaryAreAnError(string flags, string error)
    {
        var run = await CommandRun.OfAsync(["explain", "canary", .. flags.Split(' ')]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, error)));
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
