using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// A budget of one rollout: when its place is released, and when a rollout must wait. A pod labelled <c>rig/hold</c> never becomes ready.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class BudgetReleaseTests
{
    [Test]
    public async Task FailedRolloutReleasesItsPlace()
    {
        var sandbox = await WithTwoAsync();
        (await sandbox.ApplyAsync("dana", Held("web", deadline: 600))).OrFail();
        Assert.That(
            (await RequestAsync(sandbox, "api")).Output,
            Does.Contain("BudgetExhausted: 1 of 1 rollout is in flight in namespace").And.Contain("/deployment/web")
        );

        // Only now: on a busy machine a request may take longer than the deadline, and the controller must have counted this rollout.
        await IsCountedAsync(sandbox);
        (await sandbox.PatchAsync("dana", "deployment/web", """{"spec":{"progressDeadlineSeconds":5}}""")).OrFail();

        await PassesAsync(sandbox, "api");
    }

    [Test]
    public async Task UndoneRolloutReleasesItsPlace()
    {
        var sandbox = await WithTwoAsync();
        (await sandbox.ApplyAsync("dana", Held("web", deadline: 600))).OrFail();
        Assert.That((await RequestAsync(sandbox, "api")).Output, Does.Contain("BudgetExhausted: 1 of 1 rollout is in flight in namespace"));

        await sandbox.ObservedAsync("deployment/web");
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();

        await PassesAsync(sandbox, "api");
    }

    [Test]
    public async Task PausedRolloutReleasesItsPlaceAndNeedsOneToResume()
    {
        var sandbox = await WithTwoAsync();
        (await sandbox.ApplyAsync("dana", Held("web", deadline: 600))).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "pause", "deployment/web")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", Held("api", deadline: 600)),
            run => run.Succeeded,
            "the paused rollout's place"
        );

        var resumed = await sandbox.KubectlAsync("dana", "rollout", "resume", "deployment/web");
        Assert.That(
            resumed.Output,
            Does.Contain("BudgetExhausted: 1 of 1 rollout is in flight in namespace").And.Contain("/deployment/api")
        );
        await sandbox.ObservedAsync("deployment/api");
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/api")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "rollout", "resume", "deployment/web"),
            run => run.Succeeded,
            "the place of the undone rollout"
        );
    }

    /// <summary>
    /// Waits until the controller counts the deadline of this rollout. It writes its start to the status just after it has created the
    /// ReplicaSet. If another client writes the Deployment between these two, the update is lost to a conflict and not repeated: the
    /// status still describes the previous rollout, which succeeded, and a succeeded rollout never exceeds its deadline.
    /// </summary>
    private static async Task IsCountedAsync(Sandbox sandbox)
    {
        await sandbox.ObservedAsync("deployment/web");
        await Rig.Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync(
                    "admin",
                    "get",
                    "deployment/web",
                    "-o",
                    "jsonpath={.status.conditions[?(@.type==\"Progressing\")].reason}"
                ),
            run => run.Output is "NewReplicaSetCreated" or "ReplicaSetUpdated",
            "the controller of web to count this rollout's deadline"
        );
    }

    private static Task<Rig.Run> PassesAsync(Sandbox sandbox, string name) =>
        Rig.Wait.UntilAsync(() => RequestAsync(sandbox, name), run => run.Succeeded, $"a place for {name}");

    private static Task<Rig.Run> RequestAsync(Sandbox sandbox, string name) =>
        sandbox.KubectlAsync("dana", "set", "image", $"deployment/{name}", $"web={V3}");

    private static async Task<Sandbox> WithTwoAsync()
    {
        var sandbox = await UnguardedAsync();
        foreach (var name in (string[])["web", "api"])
        {
            (await sandbox.ApplyAsync("admin", Named(name, V1))).OrFail();
            await sandbox.IsRolledOutAsync(name);
        }

        await sandbox.GuardAsync("budget-one");
        return sandbox;
    }

    private static JsonObject Named(string name, string image)
    {
        var deployment = Web(image, 2);
        deployment["metadata"]!["name"] = name;
        deployment["spec"]!["selector"]!["matchLabels"]!["app"] = name;
        deployment["spec"]!["template"]!["metadata"]!["labels"]!["app"] = name;
        return deployment;
    }

    private static JsonObject Held(string name, int deadline)
    {
        var deployment = Named(name, V2);
        deployment["spec"]!["progressDeadlineSeconds"] = deadline;
        deployment["spec"]!["template"]!["metadata"]!["labels"]!["rig/hold"] = "yes";
        return deployment;
    }
}
