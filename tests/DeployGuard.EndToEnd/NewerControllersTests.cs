using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.NewerServer;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Newer controllers and pods: when a StatefulSet continues, when a Job starts, which pods are terminating.</summary>
[Parallelizable(ParallelScope.All)]
public class NewerControllersTests
{
    [Test]
    public async Task StatefulSetPaceFollowsMinReadySeconds()
    {
        await PolicyAsync("paced-alone", Paced);
        var sandbox = await UnguardedAsync();
        Server.SkipIf(
            !await Server.KeepsAsync(sandbox, StatefulSetOfEight(V1, ready: 2), "{.spec.minReadySeconds}"),
            "minReadySeconds of a StatefulSet"
        );
        var slow = StatefulSetOfEight(V1, ready: 1);
        slow["spec"]!["updateStrategy"] = Parse("""{"type": "RollingUpdate"}""");
        (await sandbox.ApplyAsync("admin", slow)).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        await sandbox.GuardAsync("paced-alone");
        Task<Rig.Run> RequestAsync() => sandbox.KubectlAsync("dana", "set", "image", "statefulset/db", $"db={V2}");

        var refused = await RequestAsync();
        Assert.That(
            refused.Output,
            Does.Contain("In place, policy allows 2 at once: minReadySeconds 1 is below 2").And.Not.Contain("maxUnavailable 1 replaces")
        );
        (await sandbox.KubectlAsync("dana", Patch(refused.Output))).OrFail();
        (await RequestAsync()).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
    }

    /// <summary>
    /// The rig has no node that counts for a DaemonSet: this checks only that the API server accepts the suggested patches.
    /// </summary>
    [Test]
    public async Task DaemonSetAcceptsThePatchesForMaxSurgeAndMaxUnavailable()
    {
        Server.SkipIf(Server.Version < new Version(1, 22), "maxSurge of a DaemonSet");
        var sandbox = await UnguardedAsync();
        var surging = RecoveryWorkloads.DaemonSet(V1);
        surging["spec"]!["updateStrategy"] = Parse(
            """{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0} }"""
        );
        (await sandbox.ApplyAsync("admin", surging)).OrFail();
        async Task<string> PatchedAsync(string rolling)
        {
            var patch = $$"""{"spec":{"minReadySeconds":60,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{{rolling}} } } }""";
            (await sandbox.PatchAsync("admin", "daemonset/agent", patch)).OrFail();
            const string Both =
                "jsonpath={.spec.updateStrategy.rollingUpdate.maxSurge} {.spec.updateStrategy.rollingUpdate.maxUnavailable}";
            return (await sandbox.KubectlAsync("admin", "get", "daemonset/agent", "-o", Both)).OrFail().Output;
        }

        Assert.That(await PatchedAsync("""{"maxSurge":5,"maxUnavailable":0}"""), Is.EqualTo("5 0"));
        Assert.That(await PatchedAsync("""{"maxUnavailable":2,"maxSurge":null}"""), Is.EqualTo("0 2"));
    }

    [Test]
    public async Task SuspendedJobIsEvaluatedAtCreationAndMayThenStart()
    {
        var sandbox = await GuardedAsync();
        var job = Parse(
            $$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
             "spec": {"suspend": true, "podReplacementPolicy": "Failed", "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{V2}}"}] } } } }
            """
        );
        Server.SkipIf(!await Server.KeepsAsync(sandbox, job, "{.spec.podReplacementPolicy}"), "podReplacementPolicy of a Job");

        await ApprovedAsync(sandbox, job);
        await sandbox.AssertNothingRunsAsync(V2);
        (await sandbox.PatchAsync("dana", "job/work", """{"spec":{"suspend":false}}""")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "job/work", "-o", "jsonpath={.status.succeeded} {.spec.podReplacementPolicy}"),
            run => run.Output == "1 Failed",
            "the Job to be done"
        );
    }

    /// <summary>Terminating pods serve no users, whether or not the server counts them in the status.</summary>
    [Test]
    public async Task TerminatingPodsDoNotCountInThePool()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Service())).OrFail();
        var web = Web(V1, 10);
        web["spec"]!["template"]!["metadata"]!["finalizers"] = new JsonArray("example.com/stays");
        (await sandbox.ApplyAsync("admin", web)).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync("canary-slow");

        (await sandbox.ScaleAsync("deployment/web", 5)).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[*].metadata.deletionTimestamp}"),
            run => run.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 5,
            "five terminating pods"
        );
        if (Server.CountsTerminating)
        {
            await Rig.Wait.UntilAsync(
                () => sandbox.KubectlAsync("admin", "get", "deployment/web", "-o", "jsonpath={.status.terminatingReplicas}"),
                run => run.Output == "5",
                "the server to count them"
            );
        }

        await Rig.Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 2)),
            run =>
                run.Output.Contains("2 of 7 pods (28%) behind Service web would be unproven; step 5% allows 1", StringComparison.Ordinal),
            "a pool of five and two"
        );
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();
    }
}
