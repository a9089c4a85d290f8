using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Returning to revisions and sizes that served before, after a rollout that completed and is not proven. All requests pass.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class ServedBeforeTests
{
    private const string Autoscaler = "--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler";

    [Test]
    public async Task DeletedServiceCanBeCreatedAgain()
    {
        var sandbox = await AfterARolloutAsync();

        (await sandbox.KubectlAsync("dana", "delete", "service/web")).OrFail();
        (await sandbox.ApplyAsync("dana", Service())).OrFail();
        (await sandbox.ApplyAsync("dana", Service("web-headless"))).OrFail();
    }

    [Test]
    public async Task AutoscalerMayReturnToThePreviousSize()
    {
        var sandbox = await AfterARolloutAsync();

        (await sandbox.KubectlAsync("admin", "scale", "deployment/web", "--replicas=4", Autoscaler, "--as-group=system:masters")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "pods", "-l", "app=web", "-o", "name"),
            run => run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 4,
            "four pods of web"
        );
        (await sandbox.KubectlAsync("admin", "scale", "deployment/web", "--replicas=10", Autoscaler, "--as-group=system:masters")).OrFail();
        Assert.That((await sandbox.ScaleAsync("deployment/web", 8)).Succeeded);
        (await sandbox.ScaleAsync("deployment/web", 10)).OrFail();
    }

    [Test]
    public async Task CompletedRevisionCanBeCreatedAgainAfterDeletion()
    {
        var sandbox = await AfterARolloutAsync();
        var web = Parse((await sandbox.KubectlAsync("admin", "get", "deployment/web", "-o", "json")).OrFail().Output);
        web.Remove("status");
        web["metadata"] = new JsonObject { ["name"] = "web" };
        web["spec"]!["template"]!["metadata"]!.AsObject().Remove("creationTimestamp");

        (await sandbox.KubectlAsync("dana", "delete", "deployment/web")).OrFail();
        (await sandbox.CreateAsync("dana", web)).OrFail();

        (await sandbox.KubectlAsync("dana", "delete", "deployment/web")).OrFail();
        web["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = V3;
        Assert.That(
            (await sandbox.CreateAsync("dana", web)).Output,
            Does.Contain("would be unproven"),
            "the other revision never completed"
        );
    }

    [Test]
    public async Task UndoToACompletedUnprovenRevisionPasses()
    {
        var sandbox = await AfterARolloutAsync();
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.IsGoneAsync(V2);

        // All pods at once, which the pace would not allow.
        const string recreate = """{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}""";
        (await sandbox.PatchAsync("dana", "deployment/web", recreate)).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
    }

    /// <summary>Ten pods of web on v1, and then, at its pace, all on v2: completed, and not proven for an hour.</summary>
    private static async Task<Sandbox> AfterARolloutAsync()
    {
        var sandbox = await WithServiceAsync("canary-quick", 10);
        (await sandbox.SetImageAsync()).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.IsGoneAsync(V1);
        await Rig.Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync(
                    "admin",
                    "get",
                    "changes",
                    "-o",
                    "jsonpath={range .items[*]}{.spec.images[0].to} {.status.phase} {.status.served[*].pods}{\"\\n\"}{end}"
                ),
            run => run.Output.Split('\n').Contains($"{V2} Completed 10"),
            "the leader to record that v2 completed and serves"
        );
        return sandbox;
    }
}
