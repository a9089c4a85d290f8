using DeployGuard.Cli.Views;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Tests;

/// <summary>What <c>status</c> prints: sums that are right, why there is no canary, and one place on a terminal.</summary>
public class StatusTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
    private static readonly WorkloadRef s_web = new("apps", "Deployment", "shop", "web");

    [Test]
    public void PodsThatSurgeAreExplainedAndTheRowsAddUp()
    {
        var lines = PoolView
            .Of(s_web, [Standing('1', pods: 10, isProven: true, unproven: 3), Standing('2', pods: 2, isProven: false, unproven: 3)])
            .Split('\n');

        Assert.That(
            lines[0],
            Is.EqualTo(
                "Service web: 12 pods now, 2 more than the 10 desired while a rollout replaces pods, policy tier-1, steps 25, 50% of 10m each"
            )
        );
        Assert.That(lines[1], Does.EndWith("========== 10 proven"));
        Assert.That(lines[2], Does.EndWith("## 2 unproven"));
        Assert.That(
            lines[3],
            Is.EqualTo(
                "  3 of 10 desired pods (30%) are unproven, with 1 that the rollout in progress adds; no step completed yet, and its rollout in "
                    + "place goes on at its pace."
            )
        );
    }

    [TestCase(8, 2, "10 pods, policy")]
    [TestCase(7, 2, "9 pods now of 10 desired, policy")]
    public void TheFirstLineCountsThePodsOfTheRows(int proven, int unproven, string says) =>
        Assert.That(
            PoolView.Of(s_web, [Standing('1', proven, isProven: true, unproven), Standing('2', unproven, isProven: false, unproven)]),
            Does.StartWith($"Service web: {says}").And.Contain($"  {unproven} of 10 desired pods ({unproven}0%) are unproven; no step")
        );

    [TestCase("", "no policy matches namespace shop")]
    [TestCase("{}", "no active policy of namespace shop requires a canary (p)")]
    [TestCase("""{"canary": {"steps": [5]}, "active": {"until": "2026-01-01T00:00:00Z"}}""", "no active policy of namespace shop requires")]
    [TestCase("""{"canary": {"steps": [5]}}""", "it is in no pool of p now: no replicas, or no pods that users reach")]
    public void WhyThereIsNoCanaryIsSaid(string policy, string why) =>
        Assert.That(
            NoCanary.Explain(s_web, policy.Length == 0 ? [] : [Policy(policy)], s_now),
            Does.StartWith($"Deployment shop/web exists and has no canary: {why}").And.EndWith("run: kubectl deployguard changes -n shop")
        );

    [Test]
    public void AServiceHasNoCanaryOfItsOwn() =>
        Assert.That(
            NoCanary.Explain(new WorkloadRef("", "Service", "shop", "web"), [Policy("""{"canary": {"steps": [5]}}""")], s_now),
            Does.StartWith("Service shop/web exists and has no canary: a canary is of a workload; pass one of those behind this Service")
        );

    [Test]
    public void OnATerminalTheTextIsDrawnAgainInPlace()
    {
        var output = new StringWriter { NewLine = "\n" };
        var view = new Redrawing(output, () => 10);
        view.Show("one\ntwo");
        view.Show("one\ntwo");
        view.Show("a line of 21 columns.\nb");
        view.Show("end");
        Assert.That(
            output.ToString(),
            Is.EqualTo("one\ntwo\n\u001b[2A\r\u001b[Ja line of 21 columns.\nb\n\u001b[4A\r\u001b[Jend\n"),
            "a long line takes three rows, and the same text none"
        );
    }

    [Test]
    public void ElsewhereEachStateIsPrintedBelowTheOneBefore()
    {
        var output = new StringWriter { NewLine = "\n" };
        var view = new Redrawing(output, null);
        view.Show("one");
        view.Show("one");
        view.Show("two");
        Assert.That(output.ToString(), Is.EqualTo("one\n\ntwo\n"));
    }

    private static SafeguardPolicy Policy(string spec)
    {
        using var json = System.Text.Json.JsonDocument.Parse($$"""{"metadata": {"name": "p"}, "spec": {{spec}} }""");
        return PolicyReader.Read(json.RootElement);
    }

    /// <summary>Nothing is refused, and nothing is too much: the pool had ten pods before, and three are desired now.</summary>
    [Test]
    public void ACompletedRolloutInPlaceReadsAsOne()
    {
        var done = Standing('2', pods: 3, isProven: false, unproven: 3) with { Desired = 3, Size = 3 };

        Assert.That(
            PoolView.Of(s_web, [done]).Split('\n'),
            Is.EqualTo(
                new[]
                {
                    "Service web: 3 pods, policy tier-1, steps 25, 50% of 10m each",
                    "  web:2  deployment/web  ### 3 unproven",
                    "  The rollout of deployment/web is complete: all 3 pods run web:2. It is not proven yet: no step completed yet.",
                    "  Next: step 50%",
                }
            )
        );
    }

    [Test]
    public void ACanaryBesideItIsStillLimitedByItsStep() =>
        Assert.That(
            PoolView.Of(
                s_web,
                [
                    Standing('1', pods: 8, isProven: true, unproven: 2) with
                    {
                        Workload = s_web with { Name = "former" },
                    },
                    Standing('2', pods: 2, isProven: false, unproven: 2) with
                    {
                        Size = 2,
                    },
                ]
            ),
            Does.Contain("  2 of 10 desired pods (20%) are unproven; no step completed yet, step 25% allows 2.")
        );

    private static PoolStanding Standing(char revision, int pods, bool isProven, int unproven) =>
        new()
        {
            Policy = "tier-1",
            Pool = "Service web",
            Workload = s_web,
            TemplateHash = "v2:" + new string(revision, 64),
            Images = [$"web:{revision}"],
            Owned = null,
            Pods = pods,
            IsProven = isProven,
            IsProving = !isProven,
            Unproven = unproven,
            Desired = 10,
            Size = 10,
            Total = 10,
            Rules = new CanaryRules { Steps = [25, 50] },
        };
}
