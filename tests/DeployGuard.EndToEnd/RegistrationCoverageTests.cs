using System.Diagnostics;
using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Requests that must reach DeployGuard, that must pass without it, and that must not mislead it, by rows of docs/threat-model.md. One
/// after the other, because the largest objects that etcd accepts load the whole machine.
/// </summary>
[Parallelizable(ParallelScope.Self)]
[RunsFirst]
[Heavy]
public class RegistrationCoverageTests
{
    private const string Restart =
        """{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-27T00:00:00Z"}}}}}""";

    private const int MaxVolumes = 3_000;
    private const int ManyVolumes = 1_000;
    private const int SomeVolumes = 400;

    public static IEnumerable<TestCaseData> Largest()
    {
        static JsonObject Map(int count) => new(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"a{i:00000}", (JsonNode?)"")));
        static JsonArray List(int count, Func<int, JsonObject> item) => new([.. Enumerable.Range(0, count).Select(item)]);
        static JsonArray Volumes(int count) => List(count, i => Parse($$$"""{"name": "v{{{i}}}", "emptyDir": {} }"""));
        static JsonObject Env(int i) => Parse($$$"""{"name": "E{{{i}}}", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"} } }""");
        yield return Case("30,000 template annotations", "metadata/annotations", Map(30_000));
        yield return Case("20,000 template labels", "metadata/labels", Map(20_000));
        yield return Case("8,000 environment variables", "spec/containers/0/env", List(8_000, Env));
        yield return Case("1,000 volumes", "spec/volumes", Volumes(ManyVolumes));
        yield return Case("3,000 volumes", "spec/volumes", Volumes(MaxVolumes));
        yield return Case(
            "5,000 projected sources",
            "spec/volumes",
            new JsonArray(
                Parse(
                    $$"""{"name": "v", "projected": {"sources": {{List(5_000, i => Parse($$$"""{"configMap": {"name": "c{{{i}}}"} }""")).ToJsonString()}} } }"""
                )
            )
        );
        yield return Case("a megabyte of command", "spec/containers/0/command", new JsonArray(new string('x', 1_000_000)));
        static TestCaseData Case(string name, string path, JsonNode what) => new TestCaseData(path, what).SetArgDisplayNames(name);
    }

    /// <summary>
    /// A matchCondition above the cost limit would refuse under Fail. The same requests pass on servers without matchConditions.
    /// </summary>
    [TestCaseSource(nameof(Largest))]
    public async Task Threat41_LargestObjectsStillRestartScaleDownAndDelete(string path, JsonNode what)
    {
        // There a patch of it exceeds the server's own timeout of 34 s, also in namespaces without DeployGuard.
        Server.SkipIf(
            !Server.HasMatchConditions && what is JsonArray { Count: MaxVolumes },
            "patches of a Deployment with 3,000 volumes within its own timeout"
        );
        // The server's work on volumes grows with the square of their number, and without conditions fewer volumes show the same.
        what =
            !Server.HasMatchConditions && what is JsonArray { Count: ManyVolumes } many
                ? new JsonArray([.. many.Take(SomeVolumes).Select(v => v?.DeepClone())])
                : what;
        var sandbox = await UnguardedAsync();
        (await sandbox.CreateAsync("admin", Large(path, what))).OrFail();
        await sandbox.ObservedAsync("deployment/web");
        await sandbox.GuardAsync("guarded");

        await PassesAsync(sandbox, "patch", "deployment/web", "--type=merge", "-p", Restart);
        await PassesAsync(sandbox, "patch", "deployment/web", "--type=merge", "-p", """{"spec":{"replicas":0}}""");
        await PassesAsync(sandbox, "annotate", "deployment/web", "note=x");
        await Rig.Wait.UntilAsync(
            () => sandbox.SetImageAsync(),
            run =>
                run.Succeeded
                    ? throw new AssertionException("a request that must be evaluated passed")
                    : run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "another image to be evaluated"
        );
        await PassesAsync(sandbox, "scale", "deployment/web", "--replicas=0");
        await PassesAsync(sandbox, "delete", "deployment/web", "--wait=false");
    }

    [Test]
    public async Task Threat43_PodsAreNotRelabelledIntoAServiceThroughTheirStatus()
    {
        Server.SkipIf(
            !Server.HasMatchConditions,
            "matchConditions, without which pods/status has no rule, since every kubelet would call: docs/operations.md lists it as open"
        );
        var sandbox = await WithServiceAsync("canary-slow", replicas: 10);
        (await sandbox.ApplyAsync("dana", Green())).OrFail();
        (await sandbox.IsReadyAsync("deployment/green")).OrFail();
        var pods = (await sandbox.KubectlAsync("dana", "get", "pods", "-l", "app=green", "-o", "jsonpath={.items[*].metadata.name}"))
            .OrFail()
            .Output.Split(' ');
        (await sandbox.KubectlAsync("admin", "create", "role", "pod-status", "--verb=patch,get", "--resource=pods/status,pods")).OrFail();
        (
            await sandbox.KubectlAsync(
                "admin",
                "create",
                "rolebinding",
                "pod-status",
                "--role=pod-status",
                $"--serviceaccount={sandbox.Namespace}:probe"
            )
        ).OrFail();
        var probe = $"system:serviceaccount:{sandbox.Namespace}:probe";
        const string Join = """{"metadata":{"labels":{"app":"web"}}}""";

        var control = await sandbox.KubectlAsync("dana", "patch", "pod", pods[0], "--type=merge", "-p", Join);
        (
            await sandbox.KubectlAsync("dana", "patch", "pod", pods[0], "--type=merge", "-p", """{"metadata":{"labels":{"other":"x"}}}""")
        ).OrFail();
        foreach (var pod in pods)
        {
            await sandbox.KubectlAsync("admin", "patch", "pod", pod, "--subresource=status", "--type=merge", "-p", Join, $"--as={probe}");
        }

        await TestContext.Out.WriteLineAsync($"by a write of the pod itself: {control.Output}");
        var joined = (
            await sandbox.KubectlAsync("admin", "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.containers[0].image}")
        )
            .OrFail()
            .Output.Split(' ');
        Assert.That(joined.Count(i => i == V2), Is.LessThanOrEqualTo(1), "the first step allows one");
    }

    [Test]
    public async Task Threat42_DoctorDoesNotSuggestAccountsThatDevelopersControl()
    {
        var (guarded, yard) = (await GuardedAsync(), await UnguardedAsync());
        (await yard.ApplyAsync("admin", Web(V1, 1))).OrFail();
        var uid = (await yard.KubectlAsync("admin", "get", "deployment/web", "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        string bot = $"system:serviceaccount:{guarded.Namespace}:bot",
            forger = $"system:serviceaccount:{yard.Namespace}:forger",
            maker = $"system:serviceaccount:{yard.Namespace}:maker";

        Assert.That((await MakeAsync(guarded, bot, "refused", uid)).Output, Does.Contain("ApprovalMissing"));
        (await MakeAsync(yard, bot, "by-bot", uid)).OrFail();
        (await MakeAsync(yard, forger, "by-forger", "4c2d9c4e-0000-4000-8000-000000000000")).OrFail();
        (await MakeAsync(yard, maker, "by-maker", uid)).OrFail();

        var said = await Rig.Wait.UntilAsync(
            DoctorAsync,
            run =>
                run.Output.Contains(maker, StringComparison.Ordinal)
                && run.Output.Contains(bot, StringComparison.Ordinal)
                && run.Output.Contains(forger, StringComparison.Ordinal),
            "the controllers to be seen"
        );
        var lines = said.Output.Split('\n').Where(l => l.Contains("controllers:", StringComparison.Ordinal)).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(
                lines.Single(l => l.Contains(maker, StringComparison.Ordinal)),
                Does.Contain($$"""trustedControllers={"{{maker}}":["Pod"]}"""),
                "the control: an operator whose owner exists is suggested"
            );
            Assert.That(
                lines.Single(l => l.Contains(bot, StringComparison.Ordinal)),
                Does.Contain($"can act as it").And.Not.Contain("--set-json")
            );
            Assert.That(
                lines.Single(l => l.Contains(forger, StringComparison.Ordinal)),
                Does.Contain("the owner was not found").And.Not.Contain("--set-json")
            );
        });
    }

    /// <summary>Direct calls can name any user. Requests that never reach the API server must not block a canary.</summary>
    [Test]
    public async Task Threat26_ThousandDirectReviewsDoNotBlockACanaryForLong()
    {
        var sandbox = await WithServiceAsync(replicas: 10);
        using var call = new DirectCall();
        var replicas = TestCluster.Rig.Installation?.Replicas ?? [];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 1000),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => await call.SendAsync(replicas[i % 2], Created(sandbox, $"web-{i}", $"dev-{i}"))
        );

        var waited = Stopwatch.StartNew();
        await Rig.Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1)),
            run => run.Succeeded,
            "the canary to be admitted"
        );
        await TestContext.Out.WriteLineAsync($"a canary after {waited.Elapsed.TotalSeconds:0.0} s");
        Assert.That(waited.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public async Task Threat26_DirectReviewReleasesItsPlaceInTheBudgetWithinSeconds()
    {
        var sandbox = await WithWebRunningAsync("budget-one");
        using var call = new DirectCall();
        await Rig.Wait.UntilAsync(
            () => call.SendAsync((TestCluster.Rig.Installation?.Replicas ?? [])[0], Created(sandbox, "made-up", "nobody")),
            refusal => refusal is null,
            "the place to be taken"
        );
        var first = await sandbox.SetImageAsync();

        var waited = Stopwatch.StartNew();
        await Rig.Wait.UntilAsync(() => sandbox.SetImageAsync(), run => run.Succeeded, "the place to be released");
        Assert.That(first.Output, Does.Contain("BudgetExhausted").And.Contain("/deployment/made-up"));
        Assert.That(waited.Elapsed, Is.LessThan(TimeSpan.FromSeconds(25)), "half a minute would be a rollout's time");
    }

    /// <summary>The entry for deletes exists only during a rollout of an unproven revision; evictions have no entry.</summary>
    [Test]
    public async Task Threat40_RemovalsAreEvaluatedDuringARolloutAndEvictionsNever()
    {
        Server.SkipIf(
            !Server.HasMatchConditions,
            "matchConditions, without which deletes have no rule: docs/operations.md lists it as open"
        );
        var sandbox = await WithServiceAsync("canary-slow", replicas: 4);
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();

        await Rig.Wait.UntilAsync(
            PaceAsync,
            run => run.Output.Contains($"\"{sandbox.Namespace}\"", StringComparison.Ordinal),
            "the rollout to be registered"
        );
        await Rig.Wait.UntilAsync(
            PaceAsync,
            run => !run.Output.Contains($"\"{sandbox.Namespace}\"", StringComparison.Ordinal),
            "its end to be registered"
        );
        Assert.That(
            (
                await TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    "get",
                    "validatingwebhookconfiguration",
                    "deployguard",
                    "-o",
                    "jsonpath={.webhooks[*].rules[*].resources}"
                )
            ).Output,
            Does.Not.Contain("eviction")
        );
    }

    [Test]
    public async Task Threat40_StatefulSetPodDeletionIsRefusedDuringARolloutAndADrainPasses()
    {
        Server.SkipIf(
            !Server.HasMatchConditions,
            "matchConditions, without which deletes have no rule: docs/operations.md lists it as open"
        );
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Service("db", """{"app": "db"}"""))).OrFail();
        (await sandbox.ApplyAsync("admin", SetOn("node-drained"))).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "statefulset/db", "-o", "jsonpath={.status.readyReplicas}"),
            run => run.Output == "10",
            "ten pods of db to be ready"
        );
        await sandbox.GuardAsync("canary-slow");
        (await sandbox.KubectlAsync("dana", "set", "image", "statefulset/db", $"db={V2}")).OrFail();
        await ServingPodsTests.EventuallyRefusedAsync(
            sandbox,
            () => sandbox.KubectlAsync("dana", "delete", "pod/db-0", "--dry-run=server")
        );

        Assert.That(
            (await sandbox.KubectlAsync("dana", "delete", "pod/db-0", "--wait=false")).Output,
            Does.Contain("pods (20%) behind Service db would be unproven; step 5% allows 1")
        );
        Assert.That(
            (await sandbox.PatchAsync("dana", "pod/db-0", """{"spec": {"activeDeadlineSeconds": 1}}""")).Output,
            Does.Contain("pods (20%) behind Service db would be unproven; step 5% allows 1")
        );
        (await sandbox.KubectlAsync("dana", "delete", "pod/db-9", "--wait=false")).OrFail();
        try
        {
            // Only pods with its nodeName run on it: no DaemonSet of another test tolerates its taint.
            (
                await TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    """{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-drained"}, "spec": {"unschedulable": true, "taints": [{"key": "rig/away", "effect": "NoExecute"}]} }""",
                    ["create", "-f", "-"]
                )
            ).OrFail();
            (await sandbox.KubectlAsync("dana", "delete", "pod/db-0", "--wait=false")).OrFail();
            (await TestCluster.Rig.Plane.KubectlAsync("admin", "drain", "node-drained", "--force", "--timeout=300s")).OrFail();
        }
        finally
        {
            await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "node", "node-drained", "--ignore-not-found");
        }
    }

    private static JsonObject SetOn(string node) =>
        Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
             "spec": {"serviceName": "db", "replicas": 10, "podManagementPolicy": "Parallel", "minReadySeconds": 3600, "selector": {"matchLabels": {"app": "db"} },
              "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"nodeName": "{{node}}", "containers": [{"name": "db", "image": "{{V1}}", "readinessProbe": {"httpGet": {"path": "/", "port": 80} } }] } } } }
            """
        );

    /// <summary>On a busy machine more than one attempt may be needed; an expensive condition would fail every time.</summary>
    private static Task<Rig.Run> PassesAsync(Sandbox sandbox, params string[] command) =>
        Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", command),
            run =>
            {
                Assert.That(
                    run.Output,
                    Does.Not.Contain("cost").And.Not.Contain("expression").And.Not.Contain("refused by policy"),
                    string.Join(' ', command)
                );
                return run.Succeeded;
            },
            string.Join(' ', command)
        );

    private static Task<Rig.Run> PaceAsync() =>
        TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            "get",
            "validatingwebhookconfiguration",
            "deployguard",
            "-o",
            "jsonpath={.webhooks[?(@.name=='pace.deployguard.io')].namespaceSelector}"
        );

    private static Task<Rig.Run> DoctorAsync() => TestCluster.Rig.Plane.KubectlAsync("admin", "deployguard", "doctor");

    private static Task<Rig.Run> MakeAsync(Sandbox where, string user, string name, string owner) =>
        TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            $$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}", "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "{{owner}}", "controller": true}]},
             "spec": {"containers": [{"name": "c", "image": "{{V2}}"}]} }
            """,
            ["create", "-f", "-", "-n", where.Namespace, $"--as={user}", "--as-group=system:masters"]
        );

    private static JsonObject Large(string path, JsonNode what)
    {
        var deployment = Web(V1, 0);
        var segments = path.Split('/');
        var owner = segments[..^1]
            .Aggregate(deployment["spec"]?["template"], (node, name) => int.TryParse(name, out var index) ? node?[index] : node?[name]);
        if (owner?[segments[^1]] is JsonObject there && what is JsonObject more)
        {
            foreach (var (key, value) in more)
            {
                there[key] = value?.DeepClone();
            }
        }
        else
        {
            owner![segments[^1]] = what.DeepClone();
        }

        return deployment;
    }

    private static JsonObject Green()
    {
        var green = Web(V2, 10);
        green["metadata"]!["name"] = "green";
        green["spec"]!["selector"]!["matchLabels"]!["app"] = "green";
        green["spec"]!["template"]!["metadata"]!["labels"]!["app"] = "green";
        return green;
    }

    /// <summary>A review of a Deployment that is never created.</summary>
    private static JsonObject Created(Sandbox sandbox, string name, string user)
    {
        var made = SecondDeployment(name, V2, 1);
        made["metadata"]!["namespace"] = sandbox.Namespace;
        return new JsonObject
        {
            ["kind"] = new JsonObject
            {
                ["group"] = "apps",
                ["version"] = "v1",
                ["kind"] = "Deployment",
            },
            ["resource"] = new JsonObject
            {
                ["group"] = "apps",
                ["version"] = "v1",
                ["resource"] = "deployments",
            },
            ["name"] = name,
            ["namespace"] = sandbox.Namespace,
            ["operation"] = "CREATE",
            ["userInfo"] = new JsonObject { ["username"] = user, ["groups"] = new JsonArray("system:authenticated") },
            ["object"] = made,
        };
    }
}
