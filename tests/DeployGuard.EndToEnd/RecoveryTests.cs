using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Recovery actions that always pass without an approval.</summary>
[Parallelizable(ParallelScope.All)]
public class RecoveryTests
{
    [Test]
    public async Task ScalingRestartingPausingAndDeletingPass()
    {
        var sandbox = await WithWebRunningAsync();

        foreach (
            var command in (string[])
                [
                    "scale deployment/web --replicas=5",
                    "scale deployment/web --replicas=1",
                    "rollout restart deployment/web",
                    "rollout pause deployment/web",
                    "rollout resume deployment/web",
                    "annotate deployment/web team=a",
                    "label deployment/web team=a",
                    "delete deployment/web",
                ]
        )
        {
            (await sandbox.KubectlAsync("dana", command.Split(' '))).OrFail();
        }
    }

    [Test]
    public async Task UndoingAnApprovedRolloutPasses()
    {
        var sandbox = await WithWebRunningAsync();
        await ApprovedAsync(sandbox, V2);

        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();

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

    [Test]
    public async Task UndoPassesWithAVetoOnTheOldRevision()
    {
        var sandbox = await WithWebRunningAsync();
        var old = await sandbox.ChangeInPhaseAsync("Proven");
        await ApprovedAsync(sandbox, V2);
        (await sandbox.CreateAsync("alice", await Approvals.OfAsync(sandbox, old, "Reject"))).OrFail();

        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
    }

    [Test]
    public async Task UndoPassesWithoutAnyRecord()
    {
        var sandbox = await WithWebRunningAsync();
        await ApprovedAsync(sandbox, V2);
        // Only DeployGuard itself deletes records. A cluster restored without them is in the same state.
        (await sandbox.KubectlAsync("deployguard", "delete", "changes", "--all")).OrFail();

        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
    }

    [Test]
    public async Task ACrashedPodIsReplaced()
    {
        var sandbox = await WithWebRunningAsync();

        (await sandbox.KubectlAsync("dana", "delete", "pods", "--all", "--wait=false")).OrFail();

        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "deployment", "web", "-o", "jsonpath={.status.availableReplicas}"),
            run => run.Output == "3",
            "three pods again"
        );
    }

    [Test]
    public async Task CronJobFromBeforeThePolicyKeepsRunning()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", await RecoveryWorkloads.CronJobAsync())).OrFail();
        await sandbox.GuardAsync("guarded");

        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "pods", "-o", "jsonpath={.items[*].metadata.name}"),
            run => run.Output.Contains("tick-", StringComparison.Ordinal),
            "the pod of the first tick",
            seconds: 240
        );
    }

    internal static async Task ApprovedAsync(Sandbox sandbox, string image)
    {
        Assert.That((await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", $"web={image}")).Succeeded, Is.False);
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", $"web={image}")).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.SettleAsync();
    }
}
