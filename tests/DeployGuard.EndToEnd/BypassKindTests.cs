using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Bypasses by another kind of object, by the numbers of their rows in docs/threat-model.md. Dana is a developer with the built-in role
/// admin in the namespace. No pod of an unapproved revision may run.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class BypassKindTests
{
    private const string Labels = """ "labels": {"app": "web"} """;

    [TestCase("apps/v1", "StatefulSet", """ "serviceName": "x", "selector": {"matchLabels": {"app": "web"} }, """)]
    [TestCase("apps/v1", "DaemonSet", """ "selector": {"matchLabels": {"app": "web"} }, """)]
    [TestCase("batch/v1", "Job", "")]
    [TestCase("v1", "ReplicationController", "")]
    public async Task Threat01_AnotherKindOfWorkload(string apiVersion, string kind, string spec)
    {
        var sandbox = await GuardedAsync();
        var restart = kind == "Job" ? "\"restartPolicy\": \"Never\"," : "";

        await RefusedAsync(
            sandbox,
            $$"""
            {"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": {"name": "x"},
             "spec": { {{spec}} "template": {"metadata": { {{Labels}} }, "spec": { {{restart}} "containers": [{"name": "x", "image": "{{V2}}"}] } } } }
            """,
            $"{kind} {sandbox.Namespace}/x refused by policy guarded"
        );
    }

    [Test]
    public async Task Threat02_ABareReplicaSetOrPod()
    {
        var sandbox = await WithWebRunningAsync();

        await RefusedAsync(sandbox, ReplicaSet(""), $"ReplicaSet {sandbox.Namespace}/x refused by policy guarded");
        await RefusedAsync(sandbox, Pod(""), $"Pod {sandbox.Namespace}/x refused by policy guarded");
        var replicaSet = (await sandbox.KubectlAsync("dana", "get", "replicasets", "-o", "jsonpath={.items[0].metadata.name}")).Output;
        var pod = (await sandbox.KubectlAsync("dana", "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")).Output;
        Assert.That(
            (await sandbox.KubectlAsync("dana", "set", "image", $"replicaset/{replicaSet}", $"web={V2}")).Output,
            Does.Contain("ApprovalMissing")
        );
        Assert.That(
            (await sandbox.KubectlAsync("dana", "set", "image", $"pod/{pod}", $"web={V2}")).Output,
            Does.Contain("ApprovalMissing"),
            "an image changed in place"
        );
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [Test]
    public async Task Threat03_AForgedOwner()
    {
        var sandbox = await WithWebRunningAsync();
        var uid = (await sandbox.KubectlAsync("dana", "get", "deployment", "web", "-o", "jsonpath={.metadata.uid}")).Output;
        var owner =
            $$""" , "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "{{uid}}", "controller": true}] """;

        await RefusedAsync(sandbox, ReplicaSet(owner), "ApprovalMissing");
        await RefusedAsync(sandbox, Pod(owner), "ApprovalMissing");
        var machine = await TestCluster.Rig.Plane.KubectlAsync(
            "dana",
            Parse(Pod(owner)).ToJsonString(),
            ["create", "-f", "-", "-n", sandbox.Namespace, $"--as=system:serviceaccount:{sandbox.Namespace}:default"]
        );
        Assert.That(machine.Succeeded, Is.False, machine.Output);
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [Test]
    public async Task Threat04_ACraftedControllerRevisionOrAReplicaSetToBeAdopted()
    {
        var sandbox = await WithWebRunningAsync();

        await RefusedAsync(
            sandbox,
            $$$"""
            {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "web-x"}, "revision": 9,
             "data": {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "{{{V2}}}"}] } } } } }
            """,
            "ControllerOnly"
        );
        var twice = await TestCluster.Rig.Plane.KubectlAsync(
            "dana",
            $$$"""
            {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "web-y"}, "revision": 9,
             "data": {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "{{{V2}}}"}] } } }, "a": 1, "a": 2} }
            """,
            ["create", "--raw", $"/apis/apps/v1/namespaces/{sandbox.Namespace}/controllerrevisions", "-f", "-"]
        );
        Assert.That(twice.Succeeded, Is.False, "an ambiguous object must be refused, not treated as a failed call");
        Assert.That(twice.Output, Does.Contain("Duplicate property"));
        await RefusedAsync(
            sandbox,
            ReplicaSet("").Replace("\"x\", \"labels\"", "\"web-5d5f\", \"labels\"", StringComparison.Ordinal),
            "ApprovalMissing"
        );
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [Test]
    public async Task Threat05_ACustomResourceWithAPodTemplate()
    {
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                """
                {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "robots.example.com"},
                 "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Robot", "plural": "robots"},
                  "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true} } }]} }
                """,
                ["apply", "-f", "-"]
            )
        ).OrFail();
        var sandbox = await GuardedAsync();
        var robot = Parse(
            $$"""
            {"apiVersion": "example.com/v1", "kind": "Robot", "metadata": {"name": "x"}, "spec": {"strategy": "any", "body": {"template": {"spec": {"containers": [{"name": "x", "image": "{{V2}}"}] } } } } }
            """
        );

        var refused = await Rig.Wait.UntilAsync(
            () => sandbox.ApplyAsync("admin", robot),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the kind to be served and evaluated"
        );
        Assert.That(refused.Output, Does.Contain($"Robot {sandbox.Namespace}/x refused by policy guarded"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await sandbox.ApplyAsync("admin", robot)).OrFail();
        await sandbox.ChangeInPhaseAsync("Running");

        // By its hash, and by break-glass.
        robot["metadata"]!["name"] = "y";
        Assert.That((await sandbox.ApplyAsync("admin", robot)).Output, Does.Contain("ApprovalMissing"));
        var hash = (
            await sandbox.KubectlAsync(
                "alice",
                "get",
                "change",
                await sandbox.ChangeInPhaseAsync("Pending"),
                "-o",
                "jsonpath={.spec.templateHash}"
            )
        )
            .OrFail()
            .Output;
        (await sandbox.KubectlAsync("alice", "deployguard", "approve", "Robot.example.com/y", "--hash", hash, "--yes")).OrFail();
        (await sandbox.ApplyAsync("admin", robot)).OrFail();
        Assert.That(
            (
                await sandbox.KubectlAsync(
                    "olga",
                    "deployguard",
                    "breakglass",
                    "Robit.example.com/y",
                    "--incident",
                    "INC-1",
                    "--reason",
                    "x"
                )
            ).Output,
            Does.Contain("the API server has no kind Robit.example.com")
        );
        (
            await sandbox.KubectlAsync("olga", "deployguard", "breakglass", "Robot.example.com/y", "--incident", "INC-1", "--reason", "x")
        ).OrFail();
    }

    [TestCase("""[{"op": "add", "path": "/spec/template/spec/initContainers", "value": [{"name": "i", "image": "IMAGE"}]}]""")]
    [TestCase("""[{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "sidecar", "image": "IMAGE"}}]""")]
    [TestCase("""[{"op": "add", "path": "/spec/template/metadata/annotations", "value": {"sidecar.istio.io/proxyImage": "IMAGE"}}]""")]
    [TestCase("""[{"op": "add", "path": "/spec/template/metadata/annotations", "value": {"vault.hashicorp.com/agent-image": "IMAGE"}}]""")]
    public async Task Threat10_AnImageInAnotherPlace(string patch)
    {
        var sandbox = await WithWebRunningAsync();

        var run = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "deployment",
            "web",
            "--type=json",
            "-p",
            patch.Replace("IMAGE", "evil:1", StringComparison.Ordinal)
        );

        Assert.That(run.Output, Does.Match("ImageNotPinned: .*image evil:1").And.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat12_AnotherVersionOfTheKind()
    {
        Server.SkipIf(!await Server.ServesAsync("apis/batch/v1beta1", "cronjobs"), "a guarded kind that is served in two versions");
        var sandbox = await GuardedAsync();

        await RefusedAsync(
            sandbox,
            $$"""
            {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "x"}, "spec": {"schedule": "* * * * *",
             "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "x", "image": "{{V2}}"}] } } } } } }
            """,
            "ApprovalMissing"
        );
    }

    [Test, Heavy]
    public async Task Threat30_ObjectThatGrowsSixfoldInTheReview()
    {
        var sandbox = await GuardedAsync();
        var values = string.Join(
            ',',
            Enumerable.Range(0, 14).Select(i => $$"""{"name": "A{{i}}", "value": "{{new string('<', 100_000)}}"}""")
        );

        var web = Web(V2);
        web["spec"]!["template"]!["spec"]!["containers"]![0]!["env"] = new JsonArray();
        // Not as JSON nodes, which would be sent escaped, and so sixfold.
        var large = web.ToJsonString().Replace("\"env\":[]", $"\"env\":[{values}]", StringComparison.Ordinal);
        // A Deployment, because an answer that comes too late refuses it on every server. Pods pass then before Kubernetes 1.28.
        var run = await Busy.AnsweredAsync(
            () =>
                TestCluster.Rig.Plane.KubectlAsync(
                    "dana",
                    large,
                    ["create", "--raw", $"/apis/apps/v1/namespaces/{sandbox.Namespace}/deployments", "-f", "-"]
                ),
            isDryRun: false,
            Busy.Unanswered
        );

        Assert.That(run.Succeeded, Is.False);
        Assert.That(run.Output, Does.Contain("ApprovalMissing"));
        await sandbox.AssertNothingRunsAsync(V2);
    }

    private static async Task RefusedAsync(Sandbox sandbox, string manifest, string because)
    {
        var run = await sandbox.CreateAsync("dana", Parse(manifest));
        Assert.That(run.Succeeded, Is.False, run.Output);
        Assert.That(run.Output, Does.Contain(because));
        await sandbox.AssertNothingRunsAsync(V2);
    }

    private static string ReplicaSet(string owner) =>
        $$"""
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "x", {{Labels}} {{owner}} }, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"} },
             "template": {"metadata": { {{Labels}} }, "spec": {"containers": [{"name": "x", "image": "{{V2}}"}] } } } }
            """;

    private static string Pod(string owner) =>
        $$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", {{Labels}} {{owner}} }, "spec": {"containers": [{"name": "x", "image": "{{V2}}"}] } }
            """;
}
