using System.Text.Json;
using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Serving pods decide: bypasses of a canary by forged or changed objects, each with a request that must pass. Their rows in
/// docs/threat-model.md are 35 to 40, and 46.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class ServingPodsTests
{
    private const string Recreate =
        """{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null},"template":{"spec":{"containers":[{"name":"web","image":"IMAGE"}]}}}}""";

    [Test]
    public async Task Threat35_AForgedOwnerHidesNoDeployment()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        var anchor = (await sandbox.KubectlAsync("dana", "create", "configmap", "anchor", "-o", "jsonpath={.metadata.uid}"))
            .OrFail()
            .Output;
        (
            await sandbox.PatchAsync(
                "dana",
                "deployment/web",
                $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"anchor","uid":"{{{anchor}}}","controller":true}]}}"""
            )
        ).OrFail();

        var changed = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "deployment/web",
            "-p",
            Recreate.Replace("IMAGE", V2, StringComparison.Ordinal)
        );
        Assert.That(changed.Output, Does.Match("10 of (1[0-9]|20) pods .* behind Service web would be unproven"));
        Assert.That(
            (await sandbox.KubectlAsync("dana", "deployguard", "status", "deployment/web")).Output,
            Does.Contain("Service web: 10 pods")
        );
        (await sandbox.ScaleAsync("deployment/web", 9)).OrFail();
    }

    [Test]
    public async Task Threat36_ForgedReplicaSetUnderACompletedNameIsNoRollback()
    {
        var sandbox = await WithServiceAsync("canary-slow", 4);
        var old = await RevisionOfAsync(sandbox);
        (await sandbox.KubectlAsync("dana", "set", "env", "deployment/web", "ROUND=2")).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.SettleAsync();
        var set = Parse((await sandbox.KubectlAsync("dana", "get", "replicaset", old, "-o", "json")).OrFail().Output);
        set["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = V2;
        set["spec"]!["replicas"] = 0;
        set["metadata"] = new JsonObject
        {
            ["name"] = old,
            ["labels"] = set["metadata"]!["labels"]!.DeepClone(),
            ["ownerReferences"] = set["metadata"]!["ownerReferences"]!.DeepClone(),
        };
        (await sandbox.KubectlAsync("dana", "delete", "replicaset", old)).OrFail();
        (await sandbox.CreateAsync("dana", set)).OrFail();

        var changed = await sandbox.KubectlAsync("dana", "set", "env", "deployment/web", "ROUND-");
        Assert.That(changed.Succeeded, "the completed revision is still a rollback target, by its hash");
        var response = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "deployment/web",
            "-p",
            Recreate.Replace("IMAGE", V2, StringComparison.Ordinal)
        );
        Assert.That(response.Output, Does.Contain("4 of 4 pods (100%) behind Service web would be unproven"));
    }

    [Test]
    public async Task Threat36_ReplicaSetOutsideTheSelectorIsEvaluatedByItsOwnersPolicies()
    {
        var sandbox = await UnguardedAsync();
        var web = Web(V1);
        web["metadata"]!["labels"] = new JsonObject { ["guard"] = "yes" };
        (await sandbox.ApplyAsync("dana", web)).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.GuardAsync("labelled");
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));

        (await sandbox.KubectlAsync("dana", "rollout", "pause", "deployment/web")).OrFail();
        var edited = await sandbox.KubectlAsync("dana", "set", "image", $"replicaset/{await RevisionOfAsync(sandbox)}", $"web={V2}");

        Assert.That(edited.Output, Does.Contain("ApprovalMissing"));
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat36_ReplicaSetMovedToAnotherWorkloadIsNotItsHistory()
    {
        var sandbox = await UnguardedAsync();
        var anchor = (await sandbox.KubectlAsync("dana", "create", "configmap", "anchor", "-o", "jsonpath={.metadata.uid}"))
            .OrFail()
            .Output;
        var web = Web(V1);
        web["metadata"]!["ownerReferences"] = JsonNode.Parse(
            $$"""[{"apiVersion":"v1","kind":"ConfigMap","name":"anchor","uid":"{{anchor}}","controller":true}]"""
        );
        (await sandbox.ApplyAsync("dana", web)).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.GuardAsync("guarded");
        var other = SecondDeployment("tmp", V2, 1);
        Assert.That((await sandbox.ApplyAsync("dana", other)).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await sandbox.ApplyAsync("dana", other)).OrFail();
        (await sandbox.IsReadyAsync("deployment/tmp")).OrFail();

        var uid = (await sandbox.KubectlAsync("dana", "get", "deployment/web", "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        var set = (await sandbox.KubectlAsync("dana", "get", "replicasets", "-l", "track=tmp", "-o", "name")).OrFail().Output.Trim();
        (await sandbox.KubectlAsync("dana", "delete", "deployment/tmp", "--cascade=orphan")).OrFail();
        (
            await sandbox.KubectlAsync(
                "dana",
                "patch",
                set,
                "--type=merge",
                "-p",
                $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"{{{uid}}}","controller":true}]}}"""
            )
        ).OrFail();
        var response = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "deployment/web",
            "-p",
            $$$"""{"spec":{"template":{"metadata":{"labels":{"track":"tmp"}},"spec":{"containers":[{"name":"web","image":"{{{V2}}}"}]} } } }"""
        );

        Assert.That(response.Output, Does.Contain("ApprovalMissing"));
    }

    /// <summary>A ReplicaSet has no history, whatever names it as its owner, and a refused request leaves no completed record.</summary>
    [Test]
    public async Task Threat46_AReplicaSetWithAFalseHistoryIsEvaluatedLikeANewOne()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        var set = await RevisionOfAsync(sandbox);
        await GiveHistoryAsync(sandbox, set);

        var edited = await sandbox.KubectlAsync("dana", "set", "image", $"replicaset/{set}", $"web={V2}");
        Assert.That(edited.Output, Does.Contain("would be unproven"));
        (await sandbox.KubectlAsync("dana", "delete", "deployment/web", "--cascade=orphan")).OrFail();
        // The leader records a workload without records after ten seconds.
        var orphaned = await Rig.Wait.UntilAsync(
            sandbox.ChangesAsync,
            changes => changes.Any(c => IsOf(c, set)),
            "the leader to record the orphaned ReplicaSet"
        );
        Assert.That(
            orphaned
                .Where(c => IsOf(c, set))
                .Select(c => $"{c.GetProperty("spec").GetProperty("images")[0].GetProperty("to")} {PhaseOf(c)}"),
            Is.EqualTo(new[] { $"{V1} Proven" }),
            "neither the refused request nor the leader recorded the other template"
        );
        (await sandbox.KubectlAsync("dana", "delete", $"replicaset/{set}")).OrFail();

        var again = await sandbox.CreateAsync("dana", ReplicaSet(set, 10));

        Assert.That(again.Output, Does.Match("10 of [12]0 pods .* behind Service web would be unproven"));
        await sandbox.AssertNothingRunsAsync(V2);
    }

    /// <summary>A ReplicaSet that no policy selects is evaluated by its owner's policies, which adopted nothing of it.</summary>
    [Test]
    public async Task Threat46_AReplicaSetOutsideTheSelectorHasNoHistoryEither()
    {
        var sandbox = await UnguardedAsync();
        var web = Web(V1);
        web["metadata"]!["labels"] = new JsonObject { ["guard"] = "yes" };
        (await sandbox.ApplyAsync("dana", web)).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.GuardAsync("labelled");
        var set = await RevisionOfAsync(sandbox);
        await GiveHistoryAsync(sandbox, set);
        (await sandbox.KubectlAsync("dana", "rollout", "pause", "deployment/web")).OrFail();

        var edited = await sandbox.KubectlAsync("dana", "set", "image", $"replicaset/{set}", $"web={V2}");

        Assert.That(edited.Output, Does.Contain("ApprovalMissing"));
        await RecoveryActions.ReplacedAsync(sandbox, "app=web");
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [Test]
    public async Task Threat38_AJobBehindTheServiceCounts()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        Assert.That(
            (await sandbox.ApplyAsync("dana", Job(30))).Output,
            Does.Contain("30 of ").And.Contain("pods (").And.Contain("behind Service web would be unproven")
        );
        (await sandbox.ApplyAsync("dana", Job(1))).OrFail();
        Assert.That((await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).Output, Does.Contain("2 of "));
    }

    [Test]
    public async Task Threat38_ReleasedReplicaSetStillCounts()
    {
        var sandbox = await WithCanaryAsync();
        var set = (await sandbox.KubectlAsync("dana", "get", "replicasets", "-l", "track=web-canary", "-o", "name")).OrFail().Output.Trim();

        var let = await sandbox.KubectlAsync(
            "dana",
            "patch",
            set,
            "--type=merge",
            "-p",
            """{"metadata":{"labels":{"app":null,"track":null,"free":"yes"},"ownerReferences":null}}"""
        );

        Assert.That(let.Output, Does.Contain("2 of 12 pods (16%) behind Service web would be unproven; step 5% allows 1"));
        (await sandbox.KubectlAsync("dana", "label", set, "harmless=yes")).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", "deployment/web-canary", "--cascade=orphan")).OrFail();
        // Its orphaned ReplicaSet still serves, so another canary would be the second.
        var owners = await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", set, "-o", "jsonpath={.metadata.ownerReferences[*].name}"),
            run => run.Output != "web-canary",
            "the garbage collector to orphan the ReplicaSet"
        );
        if (owners.Output == "web")
        {
            // The selector of web matches the label app: if its controller was faster, it adopted the ReplicaSet.
            return;
        }

        Assert.That(
            (await sandbox.ApplyAsync("dana", SecondDeployment("web-second", V2, 1))).Output,
            Does.Contain("2 of 12 pods (16%) behind Service web would be unproven")
        );
    }

    [Test]
    public async Task Threat38_ReleasedPodStillCounts()
    {
        var sandbox = await WithCanaryAsync();

        var let = await sandbox.KubectlAsync("dana", "label", "pods", "-l", "track=web-canary", "track-");

        Assert.That(let.Succeeded, Is.False);
        Assert.That(let.Output, Does.Contain("2 of 12 pods (16%) behind Service web would be unproven; step 5% allows 1"));
        (await sandbox.KubectlAsync("dana", "label", "pods", "-l", "track=web-canary", "harmless=yes")).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", "pods", "-l", "track=web-canary", "--wait=false")).OrFail();
    }

    [Test]
    public async Task Threat38_CronJobWithOverlappingJobsIsRefused()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        async Task<JsonObject> CronAsync(string concurrency) =>
            Parse(
                $$"""
                {"apiVersion": "{{await Server.CronJobVersionAsync()}}", "kind": "CronJob", "metadata": {"name": "nightly"},
                 "spec": {"schedule": "0 0 1 1 *", "concurrencyPolicy": "{{concurrency}}",
                  "jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "web"} }, "spec": {"restartPolicy": "Never", "containers": [{"name": "web", "image": "{{V2}}"}] } } } } } }
                """
            );

        Assert.That(
            (await sandbox.ApplyAsync("dana", await CronAsync("Allow"))).Output,
            Does.Contain("Jobs may overlap, so the number of pods behind Service web is unknown")
                .And.Contain("Set spec.concurrencyPolicy to Forbid or Replace")
        );
        (await sandbox.ApplyAsync("dana", await CronAsync("Forbid"))).OrFail();
        Assert.That(
            (await sandbox.ApplyAsync("dana", await CronAsync("Allow"))).Output,
            Does.Contain("Jobs may overlap, so the number of pods behind Service web is unknown")
        );
    }

    [Test]
    public async Task Threat39_NodePortGivenUpByOneServiceAndTakenByAnother()
    {
        var sandbox = await WithCanaryAsync();
        Task<Rig.Run> NotedAsync(string list) =>
            sandbox.KubectlAsync("admin", "get", "changes", "-o", $"jsonpath={{.items[*].status.{list}[*].addresses}}");
        (await sandbox.KubectlAsync("dana", "patch", "service/web", "-p", """{"spec":{"type":"NodePort"}}""")).OrFail();
        var port = (await sandbox.KubectlAsync("dana", "get", "service/web", "-o", "jsonpath={.spec.ports[0].nodePort}")).OrFail().Output;
        await Rig.Wait.UntilAsync(
            () => NotedAsync("served"),
            run => run.Output.Contains($"node port {port}", StringComparison.Ordinal),
            "the leader to record the node port"
        );
        (
            await sandbox.PatchAsync("dana", "service/web", """{"spec":{"type":"ClusterIP","ports":[{"port":80,"nodePort":null}]}}""")
        ).OrFail();
        await Rig.Wait.UntilAsync(
            () => NotedAsync("givenUp"),
            run => run.Output.Contains($"node port {port}", StringComparison.Ordinal),
            "the leader to record that it was given up"
        );

        var taken = Service("beta", """{"app": "web", "track": "web-canary"}""");
        taken["spec"]!["type"] = "NodePort";
        (await sandbox.CreateAsync("dana", taken)).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", "service/beta")).OrFail();
        taken["spec"]!["ports"]![0]!["nodePort"] = int.Parse(port, System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(
            (await sandbox.CreateAsync("dana", taken)).Output,
            Does.Contain("1 of 1 pod (100%) behind Service beta would be unproven; step 5% allows 0")
        );
    }

    [Test]
    public async Task Threat39_AServiceNarrowedToTheCanary()
    {
        var sandbox = await WithCanaryAsync();

        var narrowed = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "service/web",
            "-p",
            """{"spec":{"selector":{"app":"web","track":"web-canary"}}}"""
        );

        Assert.That(narrowed.Output, Does.Contain("1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0"));
        var gone = await sandbox.PatchAsync("dana", "service/web", """{"spec":{"selector":null}}""");
        Assert.That(gone.Output, Does.Contain("its endpoints would be written by hand"));
        (await sandbox.KubectlAsync("dana", "patch", "service/web", "-p", """{"spec":{"sessionAffinity":"ClientIP"}}""")).OrFail();
    }

    [Test]
    public async Task Threat39_ServiceTurnedIntoAnExternalName()
    {
        var sandbox = await WithServiceAsync("canary-slow", 4);
        (await sandbox.ApplyAsync("dana", Green())).OrFail();
        (await sandbox.ApplyAsync("dana", Service("green", """{"app": "green"}"""))).OrFail();
        Task<Rig.Run> PointAsync(string host) =>
            sandbox.PatchAsync(
                "dana",
                "service/web",
                $$$"""{"spec":{"type":"ExternalName","externalName":"{{{host}}}","clusterIP":null,"clusterIPs":null}}"""
            );

        Assert.That(
            (await PointAsync($"green.{sandbox.Namespace}.svc.cluster.local")).Output,
            Does.Contain("4 of 4 pods (100%) behind Service web would be unproven")
        );
        Assert.That((await PointAsync("green.example.com")).Output, Does.Contain("the serving pods at green.example.com are unknown"));
        (await sandbox.ApplyAsync("dana", Service("proven", """{"app": "web"}"""))).OrFail();
        (await PointAsync($"proven.{sandbox.Namespace}.svc.cluster.local")).OrFail();
    }

    [Test]
    public async Task Threat39_AddressesWrittenByHand()
    {
        Server.SkipIf(
            !Server.HasMatchConditions,
            "match conditions, without which every kubelet's and controller's write of an EndpointSlice would be a call"
        );
        var sandbox = await WithServiceAsync("canary-slow", 4);
        // The built-in role admin lacks this permission since 1.22, so a user with the permission sends the request.
        Task<Rig.Run> SliceAsync(string service) =>
            sandbox.CreateAsync(
                "admin",
                Parse(
                    $$"""
                    {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"generateName": "by-hand-", "labels": {"kubernetes.io/service-name": "{{service}}"} },
                     "addressType": "IPv4", "endpoints": [{"addresses": ["10.9.8.7"]}], "ports": [{"port": 8080}]}
                    """
                )
            );

        var written = await SliceAsync("web");
        Assert.That(written.Output, Does.Contain("the pods at addresses written by hand are unknown"));
        (await SliceAsync("database")).OrFail();
    }

    [Test]
    public async Task Threat40_OldReplicaSetCannotBeRemovedDuringARollout()
    {
        var sandbox = await WithPacedRolloutAsync();
        var old = await RevisionOfAsync(sandbox, V1);
        // Where matchConditions drop scale-downs, those of a rollout in progress are evaluated from about a second after its start.
        await EventuallyRefusedAsync(
            sandbox,
            () => sandbox.KubectlAsync("dana", "scale", $"replicaset/{old}", "--replicas=0", "--dry-run=server")
        );

        var scaled = await sandbox.ScaleAsync($"replicaset/{old}", 0);

        Assert.That(
            scaled.Output,
            Does.Match("10 of [12]0 pods .* behind Service web would be unproven").And.Contain("kubectl rollout undo deployment/web")
        );
        if (Server.HasMatchConditions)
        {
            await EventuallyRefusedAsync(sandbox, () => sandbox.KubectlAsync("dana", "delete", $"replicaset/{old}", "--dry-run=server"));
            Assert.That(
                (await sandbox.KubectlAsync("dana", "delete", $"replicaset/{old}", "--wait=false")).Output,
                Does.Contain("would be unproven")
            );
        }

        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", "deployment,replicasets", "-l", "app=web", "--wait=false")).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", "deployment/web", "--ignore-not-found")).OrFail();
    }

    /// <summary>Each removed old pod is replaced by a new one at once: a rollout of a day would be over in ten requests.</summary>
    [Test]
    public async Task Threat40_OldReplicaSetCannotBeScaledDownPodByPod()
    {
        var sandbox = await WithPacedRolloutAsync();
        var old = await RevisionOfAsync(sandbox, V1);
        await EventuallyRefusedAsync(
            sandbox,
            () => sandbox.KubectlAsync("dana", "scale", $"replicaset/{old}", "--replicas=0", "--dry-run=server")
        );

        var young = await RevisionOfAsync(sandbox, V2);
        (await sandbox.ScaleAsync($"replicaset/{old}", 9)).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", $"replicaset/{young}", "-o", "jsonpath={.status.readyReplicas}"),
            run => run.Output == "2",
            "the second pod of the rollout"
        );

        Assert.That(
            (await sandbox.ScaleAsync($"replicaset/{old}", 8)).Output,
            Does.Contain("2 of 10 pods (20%) behind Service web would be unproven; step 5% allows 1")
        );
    }

    /// <summary>A ReplicaSet without pods, with another image, that names one of web's as its controller.</summary>
    private static async Task GiveHistoryAsync(Sandbox sandbox, string set)
    {
        var uid = (await sandbox.KubectlAsync("dana", "get", $"replicaset/{set}", "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        (await sandbox.CreateAsync("dana", ReplicaSet("x", 0))).OrFail();
        (
            await sandbox.PatchAsync(
                "dana",
                "replicaset/x",
                $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"{{{set}}}","uid":"{{{uid}}}","controller":true}]}}"""
            )
        ).OrFail();
    }

    private static JsonObject ReplicaSet(string name, int replicas)
    {
        var set = Web(V2, replicas);
        set["kind"] = "ReplicaSet";
        set["metadata"]!["name"] = name;
        set["spec"]!.AsObject().Remove("strategy");
        return set;
    }

    private static bool IsOf(JsonElement change, string workload) =>
        change.GetProperty("spec").GetProperty("workload").GetProperty("name").ValueEquals(workload);

    internal static async Task EventuallyRefusedAsync(Sandbox sandbox, Func<Task<Rig.Run>> ask) =>
        await Rig.Wait.UntilAsync(
            // A dry run only warns, unless the policy refuses it.
            ask,
            run => !run.Succeeded || run.Output.Contains("would be unproven", StringComparison.Ordinal),
            $"removals in {sandbox.Namespace} to be evaluated"
        );

    /// <summary>One canary beside ten pods of web, ready.</summary>
    private static async Task<Sandbox> WithCanaryAsync()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();
        (await sandbox.IsReadyAsync("deployment/web-canary")).OrFail();
        return sandbox;
    }

    /// <summary>A conforming rollout that takes hours: its first pod runs.</summary>
    private static async Task<Sandbox> WithPacedRolloutAsync()
    {
        var sandbox = await UnguardedAsync();
        var web = Web(V1, 10);
        web["spec"]!["minReadySeconds"] = 3600;
        web["spec"]!["progressDeadlineSeconds"] = 7200;
        (await sandbox.ApplyAsync("admin", Service())).OrFail();
        (await sandbox.ApplyAsync("admin", web)).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "deployment/web", "-o", "jsonpath={.status.readyReplicas}"),
            run => run.Output == "10",
            "ten pods of web to be ready"
        );
        await sandbox.GuardAsync("canary-slow");
        (await sandbox.SetImageAsync()).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[*].spec.containers[*].image}"),
            run => run.Output.Contains(V2, StringComparison.Ordinal),
            "the first pod of the rollout"
        );
        return sandbox;
    }

    /// <summary>The name of the ReplicaSet of Deployment web with an image.</summary>
    private static async Task<string> RevisionOfAsync(Sandbox sandbox, string image = V1)
    {
        var run = (
            await sandbox.KubectlAsync(
                "admin",
                "get",
                "replicasets",
                "-l",
                "app=web",
                "-o",
                "jsonpath={range .items[*]}{.metadata.name} {.spec.template.spec.containers[0].image}{\"\\n\"}{end}"
            )
        ).OrFail();
        return run.Output.Split('\n').First(l => l.EndsWith($" {image}", StringComparison.Ordinal)).Split(' ')[0];
    }

    private static JsonObject Green()
    {
        var green = SecondDeployment("green", V2, 4);
        green["spec"]!["selector"]!["matchLabels"]!["app"] = "green";
        green["spec"]!["template"]!["metadata"]!["labels"]!["app"] = "green";
        return green;
    }

    private static JsonObject Job(int parallelism) =>
        Parse(
            $$$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "worker-{{{parallelism}}}"},
             "spec": {"parallelism": {{{parallelism}}}, "completions": 1000,
              "template": {"metadata": {"labels": {"app": "web", "rig/serve": "yes"}},
               "spec": {"restartPolicy": "Never", "containers": [{"name": "web", "image": "{{{V2}}}", "ports": [{"containerPort": 8080}]}]} } } }
            """
        );
}
