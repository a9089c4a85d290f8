using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>A team that deploys with Helm.</summary>
[Parallelizable(ParallelScope.All)]
public class HelmTests
{
    private static readonly string s_chart = Path.Combine(AppContext.BaseDirectory, "charts", "web");

    [Test]
    public async Task HelmUpgradeIsRefusedApprovedAndRolledBack()
    {
        var sandbox = await GuardedAsync();
        await ApprovedAsync(sandbox, () => HelmAsync(sandbox, "upgrade", "--install", "web", s_chart, "--set", $"image={V1}"));
        await ApprovedAsync(sandbox, () => HelmAsync(sandbox, "upgrade", "--install", "web", s_chart, "--set", $"image={V2}"));

        // Refused attempts are revisions of the release too: 1 and 3. The one to go back to is 2.
        (await HelmAsync(sandbox, "rollback", "web", "2")).OrFail();

        var image = await sandbox.KubectlAsync(
            "dana",
            "get",
            "deployment",
            "web",
            "-o",
            "jsonpath={.spec.template.spec.containers[0].image}"
        );
        Assert.That(image.Output, Is.EqualTo(V1));
    }

    private static async Task ApprovedAsync(Sandbox sandbox, Func<Task<Rig.Run>> deploy)
    {
        var refused = await deploy();
        Assert.That(refused.Succeeded, Is.False);
        Assert.That(
            refused.Output,
            Does.Contain("ApprovalMissing")
                .And.Contain("After approval run it again, with the same pod template: helm upgrade --install web CHART -n ")
        );
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await deploy()).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "status", "deployment/web", "--timeout=600s")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "changes", "-o", "jsonpath={.items[*].status.phase}"),
            run => run.Output.Split(' ').All(p => p == "Completed"),
            "every change to be Completed"
        );
    }

    private static Task<Rig.Run> HelmAsync(Sandbox sandbox, params IEnumerable<string> arguments) =>
        TestCluster.Rig.Plane.HelmAsync("dana", [.. arguments, "-n", sandbox.Namespace]);
}
