using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>The remedies in refusals work as printed.</summary>
[Parallelizable(ParallelScope.All)]
public class RemedyTests
{
    private const string Debugger = "registry.example.com/debug@sha256:4444444444444444444444444444444444444444444444444444444444444444";

    [Test]
    public async Task RefusalNamesTheFieldsThatDifferFromTheApprovedTemplate()
    {
        var sandbox = await WithWebRunningAsync();
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
        var approved = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", approved)).OrFail();
        var other = Web(V2);
        other["spec"]!["template"]!["spec"]!["containers"]![0]!["command"] = new JsonArray("serve", "--fast");

        var run = await sandbox.ApplyAsync("dana", other);

        Assert.That(run.Succeeded, Is.False);
        Assert.That(
            run.Output,
            Does.Contain($"alice approved another template (change {approved}); it differs in spec.containers[web].command")
        );
        (await sandbox.SetImageAsync()).OrFail();
    }

    [Test]
    public async Task ApprovedKubectlDebugPassesUnderAnotherGeneratedName()
    {
        Server.SkipIf(Server.Version < new Version(1, 23), "ephemeral containers, which are on by default from 1.23 on");
        var sandbox = await WithWebRunningAsync();
        var pod = (await sandbox.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")).OrFail().Output;
        Task<Rig.Run> DebugAsync() =>
            TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                "debug",
                pod,
                "-n",
                sandbox.Namespace,
                $"--image={Debugger}",
                "--target=web",
                "--profile=general",
                "--attach=false",
                "--",
                "sh"
            );

        Assert.That((await DebugAsync()).Output, Does.Contain("ApprovalMissing"));
        Assert.That((await DebugAsync()).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        (await DebugAsync()).OrFail();
        Assert.That(
            (await sandbox.KubectlAsync("admin", "get", "pod", pod, "-o", "jsonpath={.spec.ephemeralContainers[*].name}")).Output,
            Does.StartWith("debugger-")
        );
    }

    [Test]
    public async Task NodeDebugPodPassesUnderAFixedName()
    {
        var sandbox = await GuardedAsync();

        // The request of kubectl debug node/node-1. The command itself looks for a Node first, and the cluster has none.
        var refused = await sandbox.CreateAsync(
            "dana",
            JsonNode
                .Parse(
                    $$$"""
                    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "node-debugger-node-1-x7k2p"},
                     "spec": {"nodeName": "node-1", "hostPID": true, "hostIPC": true, "hostNetwork": true, "restartPolicy": "Never", "tolerations": [{"operator": "Exists"}],
                      "containers": [{"name": "debugger", "image": "{{{Debugger}}}", "stdin": true, "volumeMounts": [{"name": "host-root", "mountPath": "/host"}]}],
                      "volumes": [{"name": "host-root", "hostPath": {"path": "/"} }]} }
                    """
                )!
                .AsObject()
        );

        Assert.That(refused.Output, Does.Contain("The generated name changes with each attempt").And.Not.Contain("After approval"));
        var advised = refused.Output[
            refused.Output.IndexOf("kubectl run", StringComparison.Ordinal)..refused.Output.IndexOf(
                "; then kubectl exec",
                StringComparison.Ordinal
            )
        ];
        // Splits it as a shell does: one argument is quoted.
        string[] arguments =
        [
            .. advised.Split('\'') is [var before, var overrides, var after]
                ? [.. Words(before).SkipLast(1), Words(before)[^1] + overrides, .. Words(after)]
                : Words(advised),
        ];
        Task<Rig.Run> RunAsync() => TestCluster.Rig.Plane.KubectlAsync("dana", arguments[1..]);

        Assert.That((await RunAsync()).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await RunAsync()).OrFail();
        Assert.That(
            (await sandbox.KubectlAsync("admin", "get", "pod", "debug-node-1", "-o", "jsonpath={.spec.nodeName}")).Output,
            Is.EqualTo("node-1")
        );
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
