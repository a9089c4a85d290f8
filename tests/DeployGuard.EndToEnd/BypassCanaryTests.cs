using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses of a canary, by the numbers of their rows in docs/threat-model.md.</summary>
[Parallelizable(ParallelScope.All)]
public class BypassCanaryTests
{
    [Test]
    public async Task Threat06_AdmittedWithOneReplicaThenScaled()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();

        Assert.That(
            (await sandbox.ScaleAsync("deployment/web-canary", 10)).Output,
            Does.Contain("10 of 20 pods (50%) behind Service web would be unproven; step 5% allows 1")
        );
        Assert.That(
            (await sandbox.KubectlAsync("dana", "patch", "deployment/web-canary", "-p", """{"spec":{"replicas":10}}""")).Output,
            Does.Contain("10 of 20 pods (50%)")
        );
        var made = await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "replicasets", "-l", "track=web-canary", "-o", "name"),
            run => run.Output.StartsWith("replicaset", StringComparison.Ordinal),
            "the ReplicaSet of web-canary"
        );
        var set = made.Output.Trim();
        Assert.That((await sandbox.ScaleAsync(set, 10)).Output, Does.Contain("pods (50%) behind Service web would be unproven"));
    }

    [Test]
    public async Task Threat20_AnotherDeploymentBehindTheSameServiceTenTimes()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-0", V2, 1))).OrFail();
        for (var i = 1; i < 10; i++)
        {
            Assert.That(
                (await sandbox.ApplyAsync("dana", SecondDeployment($"web-{i}", V2, 1))).Output,
                Does.Contain("2 of 12 pods (16%) behind Service web would be unproven; step 5% allows 1")
            );
        }

        var other = await sandbox.ApplyAsync("dana", SecondDeployment("web-x", V3, 1));
        Assert.That(
            other.Output,
            Does.Contain("Unproven: 1 of deployment/web-0 (web@sha256:22222222), 1 of deployment/web-x (web@sha256:33333333)")
        );
    }

    [Test]
    public async Task Threat20_TwentyConcurrentDeploymentsAgainstTwoReplicas()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        using var api = ApiConnection.Open(new FileInfo(TestCluster.Rig.Plane.Kubeconfig("dana")));

        var refusals = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i =>
                    RefusalAsync(api, $"apis/apps/v1/namespaces/{sandbox.Namespace}/deployments", SecondDeployment($"web-{i}", V2, 1))
                )
        );

        Assert.That(refusals.Count(r => r is null), Is.EqualTo(1), string.Join('\n', refusals));
        Assert.That(
            refusals.OfType<string>(),
            Has.Some.Contains("2 of 12 pods (16%) behind Service web would be unproven; step 5% allows 1")
                .And.Some.Contains("Unproven: 1 of deployment/web-")
        );
    }

    [Test]
    public async Task Threat20_BarePodsOneByOne()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        (await sandbox.CreateAsync("dana", Pod("one"))).OrFail();

        Assert.That(
            (await sandbox.CreateAsync("dana", Pod("two"))).Output,
            Does.Contain("2 of 12 pods (16%) behind Service web would be unproven; step 5% allows 1")
        );
    }

    [Test]
    public async Task Threat21_SelectorSwitchedToAnUnprovenRevision()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        var green = SecondDeployment("green", V2, 10);
        green["spec"]!["selector"]!["matchLabels"]!["app"] = "green";
        green["spec"]!["template"]!["metadata"]!["labels"]!["app"] = "green";
        (await sandbox.ApplyAsync("dana", green)).OrFail();
        // A Service is evaluated from the caches first, so every replica must have seen the pods.
        await sandbox.EveryReplicaAnswersAsync("CanaryStepExceeded", Service(selector: """{"app": "green"}"""), Service());

        var flipped = await sandbox.KubectlAsync("dana", "patch", "service", "web", "-p", """{"spec":{"selector":{"app":"green"}}}""");
        Assert.That(
            flipped.Output,
            Does.Contain("Service").And.Contain("10 of 10 pods (100%) behind Service web would be unproven; step 5% allows 1")
        );
        (await sandbox.KubectlAsync("dana", "label", "deployment", "green", "harmless=yes")).OrFail();
        (await sandbox.IsReadyAsync("deployment/green")).OrFail();
        var joined = await sandbox.KubectlAsync("dana", "label", "pods", "-l", "app=green", "app=web", "--overwrite");
        Assert.That(joined.Succeeded, Is.False, $"a pod of it that joins by its labels: {joined.Output}");
        Assert.That(joined.Output, Does.Contain("behind Service web would be unproven"));
        (await sandbox.KubectlAsync("dana", "patch", "service", "web", "-p", """{"spec":{"sessionAffinity":"ClientIP"}}""")).OrFail();
    }

    [Test]
    public async Task Threat21_SelectorSwitchedToARevisionProvenBehindNoService()
    {
        var sandbox = await WithServiceAsync(replicas: 4);
        var green = SecondDeployment("green", V2, 4);
        green["spec"]!["selector"]!["matchLabels"]!["app"] = "green";
        green["spec"]!["template"]!["metadata"]!["labels"]!["app"] = "green";
        (await sandbox.ApplyAsync("dana", green)).OrFail();
        await Rig.Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync("dana", "get", "changes", "-o", "jsonpath={.items[?(@.spec.workload.name==\"green\")].status.phase}"),
            run => run.Output.Contains("Proven", StringComparison.Ordinal),
            "green to be proven behind no Service"
        );

        // A Service is evaluated from the caches first, so every replica must have seen the pods.
        await sandbox.EveryReplicaAnswersAsync("CanaryStepExceeded", Service(selector: """{"app": "green"}"""), Service());
        var flipped = await sandbox.KubectlAsync("dana", "patch", "service", "web", "-p", """{"spec":{"selector":{"app":"green"}}}""");
        Assert.That(flipped.Output, Does.Contain("4 of 4 pods (100%) behind Service web would be unproven; step 5% allows 1"));
    }

    [Test]
    public async Task Threat21_ExternalNameServiceSwitchedToUnprovenPods()
    {
        var sandbox = await WithServiceAsync("canary-slow", 4);
        var green = SecondDeployment("green", V2, 4);
        green["spec"]!["selector"]!["matchLabels"]!["app"] = "green";
        green["spec"]!["template"]!["metadata"]!["labels"]!["app"] = "green";
        (await sandbox.ApplyAsync("dana", green)).OrFail();
        // A Service is evaluated from the caches first, so every replica must have seen the pods.
        await sandbox.EveryReplicaAnswersAsync("CanaryStepExceeded", Service(selector: """{"app": "green"}"""), Service());

        var elsewhere = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "service",
            "web",
            "--type=merge",
            "-p",
            """{"spec":{"type":"ExternalName","externalName":"web.example.com","clusterIP":"","clusterIPs":null,"selector":{"app":"green"}}}"""
        );
        Assert.That(
            elsewhere.Output,
            Does.Contain("users behind Service web would be redirected: the serving pods at web.example.com are unknown")
        );
        var flipped = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "service",
            "web",
            "--type=merge",
            "-p",
            """{"spec":{"selector":{"app":"green"}}}"""
        );
        Assert.That(flipped.Output, Does.Contain("4 of 4 pods (100%) behind Service web would be unproven; step 5% allows 1"));
    }

    [Test]
    public async Task Threat22_RecreateOrDeletedAndCreatedAgainOrScaledToZero()
    {
        var sandbox = await WithServiceAsync("canary-slow", 10);
        var recreate = Web(V2, 10);
        recreate["spec"]!["strategy"] = new JsonObject { ["type"] = "Recreate" };
        Assert.That(
            (await sandbox.ApplyAsync("dana", recreate)).Output,
            Does.Contain("PaceTooFast").And.Contain("Recreate replaces all 10")
        );

        (await sandbox.ScaleAsync("deployment/web", 0)).OrFail();
        (await sandbox.SetImageAsync(V2)).OrFail();
        Assert.That(
            (await sandbox.ScaleAsync("deployment/web", 10)).Output,
            Does.Contain("10 of 10 pods (100%) behind Service web would be unproven; step 5% allows 1")
        );

        (await sandbox.KubectlAsync("dana", "delete", "deployment", "web")).OrFail();
        var recreated = await sandbox.ApplyAsync("dana", Web(V3, 10));
        Assert.That(recreated.Output, Does.Contain("10 of 10 pods (100%) behind Service web would be unproven; step 5% allows 1"));
        Assert.That(
            recreated.Output,
            Does.Match(@"They would replace 10 proven pods|10 proven pods served \d+m?\d*s? ago, and none does now")
        );
        (await sandbox.ApplyAsync("dana", Web(V3, 1))).OrFail();
    }

    [Test]
    public async Task Threat23_CanaryWithoutUsers()
    {
        var sandbox = await WithServiceAsync(replicas: 10);
        var lonely = SecondDeployment("web-canary", V2, 1);
        lonely["metadata"]!["annotations"] = new JsonObject { ["deployguard.io/canary-of"] = "web" };
        lonely["spec"]!["selector"]!["matchLabels"]!["app"] = "elsewhere";
        lonely["spec"]!["template"]!["metadata"]!["labels"]!["app"] = "elsewhere";
        (await sandbox.ApplyAsync("dana", lonely)).OrFail();
        (await sandbox.IsReadyAsync("deployment/web-canary")).OrFail();

        // Twice the soak: a canary with users would have completed its step.
        await Rig.Wait.UntilAsync(
            () => sandbox.ListAsync("api/v1", "pods?labelSelector=app=elsewhere"),
            pods =>
                pods is [var pod]
                && TimeProvider.System.GetUtcNow() - pod.GetProperty("metadata").GetProperty("creationTimestamp").GetDateTimeOffset()
                    > TimeSpan.FromSeconds(20),
            "twice the soak"
        );
        Assert.That(
            (await sandbox.ScaleAsync("deployment/web-canary", 3)).Output,
            Does.Contain(
                "3 of 13 pods (23%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here"
            )
        );
    }

    /// <summary>
    /// The new template has the same images. Pods that run the former one, however they are labelled, complete no step of it.
    /// </summary>
    [Test]
    public async Task Threat47_OldPodsCompleteNoStepOfANewTemplate()
    {
        var sandbox = await WithServiceAsync("canary-templates-quick", replicas: 10);
        var set = SecondDeployment("can", V1, 1);
        set["kind"] = "ReplicaSet";
        set["spec"]!.AsObject().Remove("strategy");
        set["spec"]!.AsObject().Remove("progressDeadlineSeconds");
        (await sandbox.ApplyAsync("dana", set)).OrFail();
        await AreReadyAsync(sandbox, "track=can");
        (
            await sandbox.KubectlAsync(
                "dana",
                "patch",
                "replicaset/can",
                "--type=strategic",
                "-p",
                """{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"EVIL","value":"1"}]}]}}}}"""
            )
        ).OrFail();
        var patched = TimeProvider.System.GetUtcNow();
        await Rig.Wait.UntilAsync(
            () => sandbox.ScaleAsync("replicaset/can", 5),
            refused =>
                TimeProvider.System.GetUtcNow() - patched > TimeSpan.FromSeconds(15)
                && refused.Output.Contains("step 10% allows 1", StringComparison.Ordinal),
            "three times the soak"
        );
        Assert.That(
            (await sandbox.ScaleAsync("replicaset/can", 5)).Output,
            Does.Contain("step 10% allows 1; no pod of this revision has served here")
        );
        (await sandbox.KubectlAsync("dana", "delete", "pod", "-l", "track=can")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.ScaleAsync("replicaset/can", 2),
            run => run.Succeeded,
            "a pod that runs the new template completes the step"
        );
    }

    [Test]
    public async Task Threat47_OnlyItsControllerChangesTheRevisionLabelOfAPod()
    {
        var sandbox = await WithServiceAsync("canary-templates-quick", replicas: 2);
        var set = NewerServer.StatefulSetOfEight(V1);
        set["spec"]!.AsObject().Remove("minReadySeconds");
        set["spec"]!.AsObject().Remove("updateStrategy");
        (await sandbox.ApplyAsync("admin", set)).OrFail();
        await AreReadyAsync(sandbox, "app=db");

        foreach (var label in (string[])["controller-revision-hash=db-1", "controller-revision-hash-"])
        {
            Assert.That(
                (await sandbox.KubectlAsync("dana", "label", "pod", "db-0", label, "--overwrite")).Output,
                Does.Contain("ControllerOnly: only its controller writes a pod's label controller-revision-hash")
            );
        }

        (await sandbox.KubectlAsync("dana", "label", "pod", "db-0", "note=seen")).OrFail();
    }

    [Test]
    public async Task Threat25_BreakGlassAndThenARollback()
    {
        var sandbox = await WithServiceAsync("canary-slow", 4);
        (
            await sandbox.PatchAsync(
                "dana",
                "deployment/web",
                """{"spec":{"minReadySeconds":0,"strategy":{"rollingUpdate":{"maxSurge":4}}}}"""
            )
        ).OrFail();
        Assert.That((await sandbox.SetImageAsync(V2)).Output, Does.Contain("PaceTooFast"));
        (await sandbox.BreakGlassAsync("orders fail", "--waive", "Canary", "--waive", "Pace")).OrFail();
        (await sandbox.SetImageAsync(V2, "olga")).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.SettleAsync();
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();

        Assert.That(
            (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web", "--to-revision=2")).Output,
            Does.Contain("PaceTooFast"),
            "an unreviewed revision is no rollback target"
        );
    }

    [Test]
    public async Task Threat34_CompletedOnOnePodThenUndoneAtFullSize()
    {
        var sandbox = await WithServiceAsync(policy: "canary-templates", replicas: 4);
        (await sandbox.ScaleAsync("deployment/web", 1)).OrFail();
        (await sandbox.PatchAsync("dana", "deployment/web", """{"spec":{"minReadySeconds":60,"progressDeadlineSeconds":660}}""")).OrFail();
        (await sandbox.SetImageAsync(V2)).OrFail();
        (await sandbox.PatchAsync("dana", "deployment/web", """{"spec":{"minReadySeconds":61}}""")).OrFail();
        await Rig.Wait.UntilAsync(
            sandbox.ChangesAsync,
            changes => changes.Any(c => PhaseOf(c) == "Completed"),
            "the pod to be available",
            seconds: 240
        );
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        // Scaling up during the undo would also add pods of the undone revision.
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.ScaleAsync("deployment/web", 4),
            run => run.Succeeded,
            "the pods of the undone revision to be deleted"
        );
        (
            await sandbox.PatchAsync(
                "dana",
                "deployment/web",
                """{"spec":{"minReadySeconds":0,"strategy":{"rollingUpdate":{"maxSurge":4}}}}"""
            )
        ).OrFail();

        Assert.That(
            (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).Output,
            Does.Contain("PaceTooFast: ").And.Contain("4 of 4 pods (100%) behind Service web would be unproven")
        );
    }

    private static async Task AreReadyAsync(Sandbox sandbox, string selector) =>
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "wait", "pods", "-l", selector, "--for=condition=Ready", "--timeout=60s"),
            run => run.Succeeded,
            $"the pods with {selector} to be ready"
        );

    private static JsonObject Pod(string name) =>
        Parse(
            $$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}", "labels": {"app": "web"} },
             "spec": {"containers": [{"name": "web", "image": "{{V2}}"}]} }
            """
        );

    /// <returns>Null if the object was created.</returns>
    private static async Task<string?> RefusalAsync(ApiConnection api, string path, JsonObject manifest)
    {
        try
        {
            using var made = await api.WriteAsync(HttpMethod.Post, path, manifest.ToJsonString(), CancellationToken.None);
            return null;
        }
        catch (ApiException refused) when (refused.StatusCode is System.Net.HttpStatusCode.Forbidden)
        {
            return refused.ServerMessage;
        }
    }
}
