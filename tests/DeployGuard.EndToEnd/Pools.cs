using System.Text.Json;
using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Twenty pods of web behind a Service, and second Deployments behind the same Service.</summary>
internal static class Pools
{
    public static JsonObject Service(string name = "web", string selector = """{"app": "web"}""") =>
        Parse(
            $$"""
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "{{name}}"}, "spec": {"selector": {{selector}}, "ports": [{"port": 80}]} }
            """
        );

    /// <summary>Behind the same Service as web.</summary>
    public static JsonObject SecondDeployment(string name, string image, int replicas)
    {
        var deployment = Web(image, replicas);
        deployment["metadata"]!["name"] = name;
        deployment["spec"]!["selector"]!["matchLabels"]!["track"] = name;
        deployment["spec"]!["template"]!["metadata"]!["labels"]!["track"] = name;
        return deployment;
    }

    public static async Task<Sandbox> WithServiceAsync(string policy = "canary", int replicas = 20)
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Together(Service(), Web(V1, replicas)))).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync(policy);
        // Without this record the pool would be cold once its pods are deleted, and could start at full size.
        await Rig.Wait.UntilAsync(
            sandbox.ChangesAsync,
            changes => changes.SelectMany(Served).SequenceEqual([replicas]),
            "the leader to record the serving pods"
        );
        return sandbox;
    }

    /// <summary>The recorded numbers of serving pods of a Change, by Service.</summary>
    private static IEnumerable<int> Served(JsonElement change) =>
        change.TryGetProperty("status", out var status) && status.TryGetProperty("served", out var served)
            ? served.EnumerateArray().Select(s => s.GetProperty("pods").GetInt32())
            : [];

    /// <summary>
    /// Sends a request that is too early, and retries until it passes. It does not wait before the first attempt: the soak starts with
    /// the pods, and a busy machine may need the whole soak to report that they are ready.
    /// </summary>
    public static async Task PassesAfterSoakAsync(Func<Task<Rig.Run>> ask, string refusal)
    {
        var early = await ask();
        Assert.That(early.Succeeded, Is.False, "the first attempt must be too early");
        Assert.That(early.Output, Does.Contain(refusal));
        await EventuallyPassesAsync(ask, refusal);
    }

    /// <summary>Retries until the request passes. Every refusal until then must have the same message.</summary>
    public static Task EventuallyPassesAsync(Func<Task<Rig.Run>> ask, string refusal) =>
        Rig.Wait.UntilAsync(
            ask,
            run =>
            {
                if (!run.Succeeded)
                {
                    Assert.That(run.Output, Does.Contain(refusal));
                }

                return run.Succeeded;
            },
            $"a request that was refused with: {refusal}",
            seconds: 240
        );

    /// <param name="patch">A JSON merge patch.</param>
    public static Task<Rig.Run> PatchAsync(this Sandbox sandbox, string user, string target, string patch) =>
        sandbox.KubectlAsync(user, "patch", target, "--type=merge", "-p", patch);

    public static Task<Rig.Run> ScaleAsync(this Sandbox sandbox, string workload, int replicas) =>
        sandbox.KubectlAsync("dana", "scale", workload, $"--replicas={replicas}");

    public static Task<Rig.Run> IsReadyAsync(this Sandbox sandbox, string workload) =>
        sandbox.KubectlAsync("dana", "rollout", "status", workload, "--timeout=600s");

    /// <summary>The last pods of a revision end a moment after its rollout does.</summary>
    public static Task IsGoneAsync(this Sandbox sandbox, string image) =>
        Rig.Wait.UntilAsync(
            async () => await TestCluster.Rig.Plane.Api.FindAsync($"api/v1/namespaces/{sandbox.Namespace}/pods"),
            pods =>
                pods is { } found
                && found
                    .GetProperty("items")
                    .EnumerateArray()
                    .All(p => !p.GetProperty("spec").GetProperty("containers").GetRawText().Contains(image, StringComparison.Ordinal)),
            $"no pod to run {image}"
        );

    /// <summary>The arguments of the patch that a refusal suggests, without the namespace.</summary>
    public static string[] Patch(string refusal)
    {
        var command = refusal[refusal.IndexOf("kubectl patch ", StringComparison.Ordinal)..];
        var words = command.Split(' ');
        return ["patch", words[2], "--type=merge", "-p", command.Split('\'')[1]];
    }
}
