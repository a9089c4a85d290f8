using System.Text.Json.Nodes;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Requests of well-known controllers, under their user names and in their order: docs/integrations.md says what to expect of each. The
/// controllers themselves do not run.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class IntegrationTests
{
    private const string Kueue = "system:serviceaccount:kueue-system:kueue-controller-manager";
    private const string KueueElsewhere = "system:serviceaccount:queues:kueue-controller-manager";
    private const string Reloader = "system:serviceaccount:reloader:reloader";
    private const string Velero = "system:serviceaccount:velero:velero-server";
    private const string ArgoCd = "system:serviceaccount:argocd:argocd-application-controller";
    private const string Spot =
        """{"spec": {"suspend": false, "template": {"metadata": {"labels": {"kueue.x-k8s.io/podset": "main"}}, "spec": {"nodeSelector": {"instance-type": "spot"}}}}}""";

    [TestCase(Kueue, TestName = "{m}(known by name)")]
    [TestCase(KueueElsewhere, TestName = "{m}(in another namespace, by a preset)")]
    public async Task Kueue_PlacesAnApprovedJobAndRestoresItAndOthersMayNot(string kueue)
    {
        Server.SkipIf(Server.Version < new Version(1, 24), "suspended Jobs whose scheduling directives may be changed");
        var sandbox = await GuardedAsync();
        Assert.That((await sandbox.CreateAsync("dana", Job())).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await sandbox.CreateAsync("dana", Job())).OrFail();

        var attack = await sandbox.KubectlAsync("dana", "patch", "job", "train", "--type=merge", "-p", Spot);
        Assert.That(attack.Output, Does.Contain("ApprovalMissing"), "the approval does not cover the node selector");

        (await AsAsync(sandbox, kueue, "patch", "job", "train", "--type=merge", "-p", Spot)).OrFail();
        await Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync(
                    "admin",
                    "get",
                    "changes",
                    "-o",
                    "jsonpath={range .items[*]}{.status.phase} {.spec.diff}{\"\\n\"}{end}"
                ),
            run =>
                run.Output.Split('\n')
                    .Any(l => l.Contains("spot", StringComparison.Ordinal) && !l.StartsWith("Pending", StringComparison.Ordinal)),
            "the Job that the queue started to be on record"
        );

        (await AsAsync(sandbox, kueue, "patch", "job", "train", "--type=merge", "-p", """{"spec": {"suspend": true}}""")).OrFail();
        await Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync(
                    "admin",
                    "get",
                    "job",
                    "train",
                    "-o",
                    "jsonpath={.status.conditions[?(@.type==\"Suspended\")].status}"
                ),
            run => run.Output.Trim() == "True",
            "the job to be suspended"
        );
        (
            await AsAsync(
                sandbox,
                kueue,
                "patch",
                "job",
                "train",
                "--subresource=status",
                "--type=merge",
                "-p",
                """{"status": {"startTime": null}}"""
            )
        ).OrFail();
        const string Restored =
            """{"spec": {"template": {"metadata": {"labels": {"kueue.x-k8s.io/podset": null}}, "spec": {"nodeSelector": null}}}}""";
        (await AsAsync(sandbox, kueue, "patch", "job", "train", "--type=merge", "-p", Restored)).OrFail();

        Assert.That(
            (await sandbox.KubectlAsync("dana", "patch", "job", "train", "--type=merge", "-p", Spot)).Output,
            Does.Contain("refused by policy guarded"),
            "also refused after it was suspended again"
        );
        (await sandbox.KubectlAsync("dana", "patch", "job", "train", "--type=merge", "-p", """{"spec": {"suspend": false}}""")).OrFail();
    }

    [TestCase("reloader.stakater.com/last-reloaded-from", """{\"type\":\"CONFIGMAP\",\"hash\":\"2\"}""", Reloader)]
    [TestCase(
        "vso.secrets.hashicorp.com/restartedAt",
        "2026-11-25T08:00:00Z",
        "system:serviceaccount:vault-secrets-operator-system:vault-secrets-operator-controller-manager"
    )]
    [TestCase("cattle.io/timestamp", "2026-11-25T08:00:00Z", "dana")]
    [TestCase("rollme", "xk2f9", "dana", TestName = "{m}(one of the chart's list)")]
    public async Task Reloader_RestartByAnnotationPasses(string key, string value, string user)
    {
        var sandbox = await WithWebRunningAsync();

        (await AsAsync(sandbox, user, "patch", "deployment", "web", "--type=merge", "-p", Annotated(key, value))).OrFail();

        await sandbox.IsRolledOutAsync("web");
        Assert.That(
            (await sandbox.KubectlAsync("admin", "get", "replicasets", "-o", "name")).Output.Trim().Split('\n'),
            Has.Length.EqualTo(2),
            "it restarted"
        );
    }

    [Test]
    public async Task Reloader_VariableAndChecksumAreEvaluated()
    {
        var sandbox = await WithWebRunningAsync();

        var byVariable = await AsAsync(sandbox, Reloader, "set", "env", "deployment/web", "STAKATER_WEB_CONFIGMAP=2222");
        Assert.That(
            byVariable.Output,
            Does.Contain("Deployment").And.Contain("web refused by policy guarded").And.Contain("ApprovalMissing")
        );
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        Assert.That(
            (await sandbox.KubectlAsync("alice", "deployguard", "show", change)).Output,
            Does.Contain("STAKATER_WEB_CONFIGMAP"),
            "what changed"
        );

        Assert.That(
            (
                await AsAsync(sandbox, "dana", "patch", "deployment", "web", "--type=merge", "-p", Annotated("checksum/config", "ab12"))
            ).Output,
            Does.Contain("ApprovalMissing")
        );
    }

    [Test]
    public async Task Keda_ScalesToZeroAndFromZero()
    {
        var sandbox = await WithWebRunningAsync();
        const string Keda = "system:serviceaccount:keda:keda-operator";

        (await AsAsync(sandbox, Keda, "scale", "deployment/web", "--replicas=0")).OrFail();
        (await AsAsync(sandbox, Keda, "scale", "deployment/web", "--replicas=1")).OrFail();
    }

    [TestCase("system:serviceaccount:kube-system:vpa-updater", TestName = "{m}(Vertical Pod Autoscaler)")]
    [TestCase("system:serviceaccount:karpenter:karpenter", TestName = "{m}(Karpenter)")]
    [TestCase("system:serviceaccount:kube-system:cluster-autoscaler", TestName = "{m}(cluster-autoscaler)")]
    [TestCase("admin", TestName = "{m}(kubectl drain)")]
    public async Task Evictions_PassAndTheirPodsAreReplaced(string user)
    {
        var sandbox = await WithWebRunningAsync();
        var pod = (await sandbox.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")).Output.Trim();
        var eviction =
            $$"""{"apiVersion": "{{await Server.EvictionVersionAsync()}}", "kind": "Eviction", "metadata": {"name": "{{pod}}", "namespace": "{{sandbox.Namespace}}"} }""";

        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                eviction,
                ["create", "--raw", $"/api/v1/namespaces/{sandbox.Namespace}/pods/{pod}/eviction", "-f", "-", .. As(user)]
            )
        ).OrFail();

        await Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync("admin", "get", "deployment", "web", "-o", "jsonpath={.status.availableReplicas}/{.status.replicas}"),
            run => run.Output.Trim() == "3/3",
            "the pod to be replaced"
        );
        Assert.That((await sandbox.KubectlAsync("admin", "get", "pods", "-o", "name")).Output, Does.Not.Contain(pod));
    }

    [Test]
    public async Task ArgoCd_ReplacesTheSameTemplateAndWaitsForApprovalOfAnother()
    {
        var sandbox = await WithWebRunningAsync();
        // The Deployment's controller writes its status in between. Argo CD retries too.
        Task<Run> ReplaceAsync(string image, params string[] more) =>
            Wait.UntilAsync(
                () =>
                    TestCluster.Rig.Plane.KubectlAsync(
                        "admin",
                        Web(image).ToJsonString(),
                        ["replace", "-f", "-", "-n", sandbox.Namespace, .. more, .. As(ArgoCd)]
                    ),
                run => !run.Output.Contains("(Conflict)", StringComparison.Ordinal),
                "the deployment to be replaced without a conflict"
            );

        (await ReplaceAsync(V1)).OrFail();
        (await ReplaceAsync(V1, "--force", "--grace-period=0")).OrFail();
        Assert.That((await ReplaceAsync(V2)).Output, Does.Contain("approvals 0 of 2"));

        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await sandbox.ApproveAsync("carol", change)).OrFail();
        (await ReplaceAsync(V2)).OrFail();
    }

    [Test]
    public async Task OperatorMayCreateItsStatefulSetAgainUnchanged()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Set(V1))).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        await sandbox.GuardAsync("guarded");
        const string Operator = "system:serviceaccount:databases:operator";

        (await AsAsync(sandbox, Operator, "delete", "statefulset", "db", "--cascade=orphan")).OrFail();
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                Set(V1).ToJsonString(),
                ["create", "-f", "-", "-n", sandbox.Namespace, .. As(Operator)]
            )
        ).OrFail();
        (await AsAsync(sandbox, Operator, "delete", "statefulset", "db", "--cascade=orphan")).OrFail();

        var other = await TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            Set(V2).ToJsonString(),
            ["create", "-f", "-", "-n", sandbox.Namespace, .. As(Operator)]
        );
        Assert.That(other.Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Velero_RestoreIsRefusedUnlessItsAccountIsExempt()
    {
        var guarded = await GuardedAsync();
        foreach (var restored in Backup())
        {
            Assert.That(
                (await RestoreAsync(guarded, restored)).Output,
                Does.Contain("refused by policy guarded").And.Contain("ApprovalMissing")
            );
        }

        var exempting = await GuardedAsync("exempting");
        foreach (var restored in Backup())
        {
            (await RestoreAsync(exempting, restored)).OrFail();
        }

        await Wait.UntilAsync(
            () => exempting.KubectlAsync("admin", "get", "deployment", "web", "-o", "jsonpath={.status.availableReplicas}"),
            run => run.Output.Trim() == "1",
            "the restored deployment to run"
        );
        var records = await exempting.KubectlAsync(
            "admin",
            "get",
            "changes",
            "-o",
            "jsonpath={range .items[*]}{.spec.workload.kind} {.status.phase}{\"\\n\"}{end}"
        );
        Assert.That(
            records.Output.Trim().Split('\n').Select(l => l.Split(' ')[0]),
            Is.EquivalentTo((string[])["Pod", "ReplicaSet", "Deployment"]),
            "each exemption is on record"
        );
    }

    /// <summary>The order in which Velero restores: pods, then ReplicaSets, then Deployments, without their owners.</summary>
    private static IEnumerable<JsonObject> Backup()
    {
        const string Template =
            $$"""{"metadata": {"labels": {"app": "web", "pod-template-hash": "5d"} }, "spec": {"containers": [{"name": "web", "image": "{{V1}}"}] } }""";
        yield return Parse(
            $$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-5d-abc", "generateName": "web-5d-", "labels": {"app": "web", "pod-template-hash": "5d"} },
             "spec": {"containers": [{"name": "web", "image": "{{V1}}"}] } }
            """
        );
        yield return Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-5d", "labels": {"app": "web", "pod-template-hash": "5d"} },
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web", "pod-template-hash": "5d"} }, "template": {{Template}} } }
            """
        );
        yield return Web(V1, replicas: 1);
    }

    private static Task<Run> RestoreAsync(Sandbox sandbox, JsonObject restored) =>
        TestCluster.Rig.Plane.KubectlAsync("admin", restored.ToJsonString(), ["create", "-f", "-", "-n", sandbox.Namespace, .. As(Velero)]);

    private static Task<Run> AsAsync(Sandbox sandbox, string user, params string[] arguments) =>
        sandbox.KubectlAsync("admin", [.. arguments, .. As(user)]);

    private static string[] As(string user) => user == "admin" ? [] : [$"--as={user}", "--as-group=system:masters"];

    private static string Annotated(string key, string value) =>
        $$"""{"spec": {"template": {"metadata": {"annotations": {"{{key}}": "{{value}}"} } } } }""";

    private static JsonObject Job() =>
        Parse(
            $$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"},
             "spec": {"suspend": true, "template": {"metadata": {"labels": {"rig/serve": "yes"} }, "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "{{V1}}"}] } } } }
            """
        );

    private static JsonObject Set(string image) =>
        Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
             "spec": {"replicas": 1, "serviceName": "db", "selector": {"matchLabels": {"app": "db"} },
              "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"containers": [{"name": "db", "image": "{{image}}"}] } } } }
            """
        );
}
