using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Canaries from 5 to 25 to 50 to 100 percent of twenty pods, by every rollout method, with kubectl and helm.</summary>
[Parallelizable(ParallelScope.All)]
public class CanaryTests
{
    private static readonly string s_chart = Path.Combine(AppContext.BaseDirectory, "charts", "web");

    [Test]
    public async Task SecondDeploymentPassesThroughTheCanarySteps()
    {
        var sandbox = await WithServiceAsync();

        var two = await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 2));
        Assert.That(
            two.Output,
            Does.Contain("CanaryStepExceeded: 2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1")
                .And.Contain("Create it with replicas: 1")
        );
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();
        await PassesAfterSoakAsync(
            () => sandbox.ScaleAsync("deployment/web-canary", 6),
            "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1"
        );

        // Right away: the checks below may take as long as the soak.
        var tooMany = await sandbox.ScaleAsync("deployment/web-canary", 21);
        Assert.That(tooMany.Output, Does.Contain("21 of 41 pods (51%) behind Service web would be unproven; step 25% allows 10"));
        var tooEarly = await sandbox.ScaleAsync("deployment/web-canary", 20);
        Assert.That(tooEarly.Output, Does.Contain("20 of 40 pods (50%) behind Service web would be unproven; step 25% allows 10"));

        (await sandbox.IsReadyAsync("deployment/web-canary")).OrFail();
        var status = (await sandbox.KubectlAsync("dana", "deployguard", "status", "deployment/web-canary")).OrFail().Output;
        Assert.That(status, Does.Contain("Service web: 26 pods, policy canary, steps 5, 25, 50% of 10s each"));
        Assert.That(status, Does.Contain("web@sha256:11111111  deployment/web         ==================== 20 proven"));
        Assert.That(status, Does.Contain("web@sha256:22222222  deployment/web-canary  ###### 6 unproven"));

        await Rig.Wait.UntilAsync(
            async () => string.Concat(await Task.WhenAll(TestCluster.Rig.Installation?.Replicas.Select(r => r.ScrapeAsync()) ?? [])),
            metrics =>
                metrics.Contains(
                    $"deployguard_canary_exposure_ratio{{namespace=\"{sandbox.Namespace}\",policy=\"canary\"}} 0.23",
                    StringComparison.Ordinal
                ) && metrics.Contains("deployguard_policy_active{policy=\"canary\"} 1", StringComparison.Ordinal),
            "the leader to report the exposure"
        );

        await EventuallyPassesAsync(
            () => sandbox.ScaleAsync("deployment/web-canary", 20),
            "20 of 40 pods (50%) behind Service web would be unproven; step 25% allows 10"
        );
        await PassesAfterSoakAsync(() => sandbox.SetImageAsync(V2), "PaceTooFast: ");

        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "changes", "-o", "jsonpath={.items[?(@.spec.workload.name==\"web-canary\")].status}"),
            run =>
                run.Output.Contains("\"percent\":50", StringComparison.Ordinal)
                && run.Output.Contains("\"pool\":\"Service web\"", StringComparison.Ordinal),
            "the last step to be on record"
        );
        await Rig.Wait.UntilAsync(
            sandbox.ChangesAsync,
            changes => changes.Count > 0 && changes.All(c => PhaseOf(c) == "Proven"),
            "every revision to be proven"
        );
    }

    [Test]
    public async Task WatchedStatusFollowsTheCanaryUntilItIsProven()
    {
        var sandbox = await WithServiceAsync(replicas: 4);
        var canary = SecondDeployment("web-canary", V2, 1);
        // Its steps are held before it is available, and it is proven one soak later. The watch polls every two seconds, so it sees both
        // states.
        canary["spec"]!["minReadySeconds"] = 10;
        (await sandbox.ApplyAsync("dana", canary)).OrFail();
        var watching = sandbox.KubectlAsync("dana", "deployguard", "status", "deployment/web-canary", "--watch");

        await PassesAfterSoakAsync(
            () => sandbox.ScaleAsync("deployment/web-canary", 2),
            "2 of 6 pods (33%) behind Service web would be unproven; step 5% allows 1"
        );

        var watched = (await watching).OrFail().Output;
        Assert.That(watched, Does.Contain("deployment/web-canary  # 1 unproven").And.Contain("Next: step "));
        Assert.That(watched.TrimEnd(), Does.EndWith("deployment/web-canary  == 2 proven"));
    }

    [Test]
    public async Task StatefulSetPassesThroughTheStepsByPartition()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Service("db", """{"app": "db"}"""))).OrFail();
        (await sandbox.ApplyAsync("admin", Set(V1, 0))).OrFail();
        (await sandbox.IsReadyAsync("statefulset/db")).OrFail();
        await sandbox.GuardAsync("canary");

        var whole = await sandbox.ApplyAsync("dana", Set(V2, 0));
        Assert.That(whole.Output, Does.Contain("PaceTooFast: ").And.Contain("20 of 20 pods (100%) behind Service db would be unproven"));
        (await sandbox.KubectlAsync("dana", Patch(whole.Output))).OrFail();
        var two = await sandbox.ApplyAsync("dana", Set(V2, 18));
        Assert.That(
            two.Output,
            Does.Contain("CanaryStepExceeded: 2 of 20 pods (10%) behind Service db would be unproven; step 5% allows 1")
        );
        Assert.That(two.Output, Does.Contain("Add this to your manifest, which removes or changes it").And.Contain("\"partition\":19"));
        (await sandbox.KubectlAsync("dana", "set", "image", "statefulset/db", $"db={V2}")).OrFail();
        await PassesAfterSoakAsync(
            () => PartitionAsync(sandbox, 15),
            "5 of 20 pods (25%) behind Service db would be unproven; step 5% allows 1"
        );
        Assert.That(
            (await PartitionAsync(sandbox, 9)).Output,
            Does.Contain("11 of 20 pods (55%) behind Service db would be unproven; step 25% allows 5")
        );
        await PassesAfterSoakAsync(
            () => PartitionAsync(sandbox, 10),
            "10 of 20 pods (50%) behind Service db would be unproven; step 25% allows 5"
        );
        await PassesAfterSoakAsync(() => PartitionAsync(sandbox, 0), "20 of 20 pods (100%) behind Service db would be unproven");
        (await sandbox.IsReadyAsync("statefulset/db")).OrFail();
        await sandbox.IsGoneAsync(V1);
    }

    [Test]
    public async Task CanaryRestartedDuringTheSoakStillCompletesItsStep()
    {
        var sandbox = await WithServiceAsync();
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();
        (await sandbox.IsReadyAsync("deployment/web-canary")).OrFail();

        (await sandbox.KubectlAsync("dana", "rollout", "restart", "deployment/web-canary")).OrFail();

        await PassesAfterSoakAsync(
            () => sandbox.ScaleAsync("deployment/web-canary", 6),
            "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [Test]
    public async Task RolloutInPlacePassesWithThePatchOfTheRefusal()
    {
        var sandbox = await WithServiceAsync();
        (
            await sandbox.PatchAsync(
                "dana",
                "deployment/web",
                """{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}}}}"""
            )
        ).OrFail();

        var refused = await sandbox.SetImageAsync(V2);
        Assert.That(
            refused.Output,
            Does.Contain("PaceTooFast: ")
                .And.Contain("20 of 20 pods (100%) behind Service web would be unproven, 10 at once; step 5% allows 1")
        );
        (await sandbox.KubectlAsync("dana", Patch(refused.Output))).OrFail();
        var slow = Web(V3, 20);
        (slow["spec"]!["minReadySeconds"], slow["spec"]!["progressDeadlineSeconds"]) = (60, 660);
        Assert.That(
            (await sandbox.ApplyAsync("dana", slow, "--dry-run=server")).OrFail().Output,
            Does.Contain("canary: the rollout takes about 20m; Helm needs --timeout 25m")
        );
        (await sandbox.SetImageAsync(V2)).OrFail();
        Assert.That(
            (await sandbox.PatchAsync("dana", "deployment/web", """{"spec":{"strategy":{"rollingUpdate":{"maxSurge":10}}}}""")).Output,
            Does.Contain("PaceTooFast"),
            "the pace cannot be raised after the admission"
        );
        (await sandbox.IsReadyAsync("deployment/web")).OrFail();
        await sandbox.IsGoneAsync(V1);
    }

    [Test]
    public async Task HelmUpgradePassesWithThePaceInItsChart()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Service())).OrFail();
        (await HelmAsync(sandbox, "--set", $"image={V1}", "--wait", "--timeout", "5m")).OrFail();
        await sandbox.GuardAsync("canary");

        var refused = await HelmAsync(sandbox, "--set", $"image={V2}");
        Assert.That(
            refused.Output,
            Does.Contain("PaceTooFast: ")
                .And.Contain("20 of 20 pods (100%) behind Service web would be unproven, 10 at once; step 5% allows 1")
                .And.Contain("Helm needs --timeout 5m20s")
        );
        (
            await HelmAsync(
                sandbox,
                "--set",
                $"image={V2}",
                "--set-json",
                """pace={"minReadySeconds":1,"progressDeadlineSeconds":601,"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}""",
                "--wait",
                "--timeout",
                "5m20s"
            )
        ).OrFail();
        await sandbox.IsGoneAsync(V1);
    }

    [Test]
    public async Task VetoStopsTheNextStep()
    {
        var sandbox = await WithServiceAsync(replicas: 10);
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();
        await PassesAfterSoakAsync(
            () => sandbox.ScaleAsync("deployment/web-canary", 3),
            "3 of 13 pods (23%) behind Service web would be unproven"
        );

        (
            await sandbox.KubectlAsync(
                "alice",
                "deployguard",
                "reject",
                await sandbox.ChangeOfAsync(V2),
                "--yes",
                "--reason",
                "wrong prices"
            )
        ).OrFail();

        var refused = await sandbox.ScaleAsync("deployment/web-canary", 4);
        Assert.That(
            refused.Output,
            Does.Contain("4 of 14 pods (28%) behind Service web would be unproven; step 5% allows 1; alice rejected it")
        );
        (await sandbox.ScaleAsync("deployment/web-canary", 0)).OrFail();
    }

    [Test]
    public async Task RefusedAutoscalerRaisesNoAlert()
    {
        var sandbox = await WithServiceAsync(replicas: 4);
        (await sandbox.ApplyAsync("dana", SecondDeployment("web-canary", V2, 1))).OrFail();
        var scale =
            $$"""{"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web-canary", "namespace": "{{sandbox.Namespace}}"}, "spec": {"replicas": 3} }""";

        var refused = await TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            scale,
            [
                "replace",
                "--raw",
                $"/apis/apps/v1/namespaces/{sandbox.Namespace}/deployments/web-canary/scale",
                "-f",
                "-",
                "--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler",
                "--as-group=system:serviceaccounts",
                "--as-group=system:authenticated",
            ]
        );

        Assert.That(refused.Output, Does.Contain("CanaryStepExceeded: 3 of 7 pods (42%)"));
        // The exporter answers from a cache for 300 ms.
        var metrics = await Rig.Wait.UntilAsync(
            async () => string.Concat(await Task.WhenAll(TestCluster.Rig.Installation?.Replicas.Select(r => r.ScrapeAsync()) ?? [])),
            text => text.Contains("decision=\"denied_autoscaler\"", StringComparison.Ordinal),
            "the autoscaler's refusal to be counted"
        );
        Assert.That(
            metrics
                .Split('\n')
                .Where(l =>
                    l.StartsWith("deployguard_rollouts_denied_total", StringComparison.Ordinal)
                    && l.Contains($"namespace=\"{sandbox.Namespace}\"", StringComparison.Ordinal)
                    && l.Contains("policy=\"canary\"", StringComparison.Ordinal)
                ),
            Is.Empty
        );
        Assert.That(metrics, Does.Match("deployguard_canary_refused_total\\{reason=\"CanaryStepExceeded\""));
    }

    private static Task<Rig.Run> PartitionAsync(Sandbox sandbox, int partition) =>
        sandbox.PatchAsync(
            "dana",
            "statefulset/db",
            "{\"spec\":{\"updateStrategy\":{\"rollingUpdate\":{\"partition\":" + partition + "}}}}"
        );

    private static JsonObject Set(string image, int partition) =>
        Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
             "spec": {"serviceName": "db", "replicas": 20, "podManagementPolicy": "Parallel", "selector": {"matchLabels": {"app": "db"} },
              "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": {{partition}} } },
              "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"containers": [{"name": "db", "image": "{{image}}"}] } } } }
            """
        );

    private static Task<Rig.Run> HelmAsync(Sandbox sandbox, params IEnumerable<string> more) =>
        TestCluster.Rig.Plane.HelmAsync(
            "dana",
            ["upgrade", "--install", "web", s_chart, "-n", sandbox.Namespace, "--set", "replicas=20", .. more]
        );
}
