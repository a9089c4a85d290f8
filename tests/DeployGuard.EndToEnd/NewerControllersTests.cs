using System.Globalization;
using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.NewerServer;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>What newer controllers do with pods: how fast a StatefulSet goes, which Jobs begin, which pods are on their way out.</summary>
[Parallelizable(ParallelScope.All)]
public class NewerControllersTests
{
    [Test]
    public async Task AStatefulSetGoesNoFasterThanThePatchThatItWasOffered()
    {
        await PolicyAsync("paced-alone", Paced);
        var sandbox = await UnguardedAsync();
        Server.Lacks(!await Server.KeepsAsync(sandbox, StatefulSet(V1), "{.spec.updateStrategy.rollingUpdate.maxUnavailable}"), "maxUnavailable of a StatefulSet");
        (await sandbox.ApplyAsync("admin", StatefulSet(V1))).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        await sandbox.GuardAsync("paced-alone");
        Task<Rig.Run> AskAsync() => sandbox.KubectlAsync("dana", "set", "image", "statefulset/db", $"db={V2}");

        var refused = await AskAsync();
        Assert.That(refused.Output, Does.Contain("PaceTooFast: 8 of 8 pods (100%) of StatefulSet db would be unproven, 4 at once").And.Contain(
            "In place, policy allows 2 at once: maxUnavailable 50% replaces 4; minReadySeconds 0 is below 2"));
        (await sandbox.KubectlAsync("dana", Patch(refused.Output))).OrFail();
        Assert.That(
            (await sandbox.KubectlAsync("admin", "get", "statefulset/db", "-o", "jsonpath={.spec.updateStrategy.rollingUpdate.maxUnavailable} {.spec.minReadySeconds}")).Output,
            Is.EqualTo("2 2"));
        (await AskAsync()).OrFail();
        Assert.That(
            (await sandbox.KubectlAsync("dana", "patch", "statefulset/db", "--type=merge", "-p", """{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":8}}}}""")).Output,
            Does.Contain("PaceTooFast"), "behind the answer that it was given");

        (await sandbox.KubectlAsync("dana", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        var pods = await PodsAsync(sandbox);
        await TestContext.Out.WriteLineAsync(string.Join('\n', pods.Select(p => $"made {p.Made:HH:mm:ss}, ready {p.Ready:HH:mm:ss}")));
        Assert.That(pods, Has.Count.EqualTo(8));
        var (made, ready) = (pods.Select(p => p.Made).Order().ToList(), pods.Select(p => p.Ready).Order().ToList());
        foreach (var i in Enumerable.Range(2, 6))
        {
            Assert.That(made[i], Is.GreaterThanOrEqualTo(ready[i - 2].AddSeconds(2)), $"pod {i + 1} of the new revision waits until all but one before it were ready for two seconds");
        }
    }

    [Test]
    public async Task AStatefulSetGoesByMinReadySecondsAlone()
    {
        await PolicyAsync("paced-alone", Paced);
        var sandbox = await UnguardedAsync();
        Server.Lacks(!await Server.KeepsAsync(sandbox, StatefulSet(V1, ready: 2), "{.spec.minReadySeconds}"), "minReadySeconds of a StatefulSet");
        var slow = StatefulSet(V1, ready: 1);
        slow["spec"]!["updateStrategy"] = Parse("""{"type": "RollingUpdate"}""");
        (await sandbox.ApplyAsync("admin", slow)).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        await sandbox.GuardAsync("paced-alone");
        Task<Rig.Run> AskAsync() => sandbox.KubectlAsync("dana", "set", "image", "statefulset/db", $"db={V2}");

        var refused = await AskAsync();
        Assert.That(refused.Output, Does.Contain("In place, policy allows 2 at once: minReadySeconds 1 is below 2").And.Not.Contain("maxUnavailable 1 replaces"));
        (await sandbox.KubectlAsync("dana", Patch(refused.Output))).OrFail();
        (await AskAsync()).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
    }

    [Test]
    public async Task AJobThatIsSuspendedIsJudgedWhenItIsMadeAndMayThenBegin()
    {
        var sandbox = await GuardedAsync();
        var job = Parse($$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
             "spec": {"suspend": true, "podReplacementPolicy": "Failed", "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{V2}}"}] } } } }
            """);
        Server.Lacks(!await Server.KeepsAsync(sandbox, job, "{.spec.podReplacementPolicy}"), "podReplacementPolicy of a Job");

        await ApprovedAsync(sandbox, job);
        await sandbox.AssertNothingRunsAsync(V2);
        (await sandbox.KubectlAsync("dana", "patch", "job/work", "--type=merge", "-p", """{"spec":{"suspend":false}}""")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "job/work", "-o", "jsonpath={.status.succeeded} {.spec.podReplacementPolicy}"), run => run.Output == "1 Failed", "the Job to be done");
    }

    /// <summary>Pods that are on their way out for long serve nobody, whether the server counts them by name or not.</summary>
    [Test]
    public async Task PodsThatAreTerminatingMakeNoPoolLarger()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Service())).OrFail();
        var web = Web(V1, 10);
        web["spec"]!["template"]!["metadata"]!["finalizers"] = new JsonArray("example.com/stays");
        (await sandbox.ApplyAsync("admin", web)).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "deployment/web", "--timeout=600s")).OrFail();
        await sandbox.GuardAsync("canary-slow");

        (await sandbox.ScaleAsync("deployment/web", 5)).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[*].metadata.deletionTimestamp}"),
            run => run.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 5,
            "five pods to be on their way out");
        if (Server.CountsTerminating)
        {
            await Rig.Wait.UntilAsync(() => sandbox.KubectlAsync("admin", "get", "deployment/web", "-o", "jsonpath={.status.terminatingReplicas}"), run => run.Output == "5", "the server to count them");
        }

        await Rig.Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", Beside("web-canary", V2, 2), "--dry-run=server"),
            run => run.Output.Contains("2 of 7 pods (28%) behind Service web would be unproven; step 5% allows 1", StringComparison.Ordinal),
            "a pool of five and two");
        (await sandbox.ApplyAsync("dana", Beside("web-canary", V2, 1))).OrFail();
    }

    private static JsonObject StatefulSet(string image, int ready = 0) => Parse($$"""
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
         "spec": {"serviceName": "db", "replicas": 8, "podManagementPolicy": "Parallel", "minReadySeconds": {{ready}}, "selector": {"matchLabels": {"app": "db"} },
          "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"} },
          "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"containers": [{"name": "db", "image": "{{image}}", "readinessProbe": {"httpGet": {"path": "/", "port": 80} } }] } } } }
        """);

    /// <summary>When each pod was made, and since when it is ready, to the second, as the API server and the kubelet wrote it.</summary>
    private static async Task<IReadOnlyList<(DateTimeOffset Made, DateTimeOffset Ready)>> PodsAsync(Sandbox sandbox)
    {
        const string Times = """jsonpath={range .items[*]}{.metadata.creationTimestamp} {.status.conditions[?(@.type=="Ready")].lastTransitionTime}{"\n"}{end}""";
        var run = (await sandbox.KubectlAsync("admin", "get", "pods", "-l", "app=db", "-o", Times)).OrFail();
        static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
        return [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).Select(l => (Time(l[0]), Time(l[1])))];
    }
}
