using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Helpers for tests of features of newer servers.</summary>
internal static class NewerServer
{
    /// <summary>Accepts only rollouts in place: two of eight pods at once, each ready for two seconds.</summary>
    public const string Paced =
        """ "canary": {"required": "Always", "accept": ["Pace"], "steps": [5, 25, 50], "pace": {"percent": 25, "minReady": "2s"} } """;

    /// <summary>Creates a policy for the namespaces with its name as label, and waits until every replica knows it.</summary>
    public static async Task PolicyAsync(string name, string spec)
    {
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                $$"""
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "{{name}}"},
                 "spec": {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } }, {{spec}} } }
                """,
                ["apply", "-f", "-"]
            )
        ).OrFail();
        await EveryReplicaKnowsAsync(name);
    }

    /// <summary>Refused once, approved, then admitted.</summary>
    public static async Task ApprovedAsync(Sandbox sandbox, JsonObject manifest)
    {
        var refused = await sandbox.ApplyAsync("dana", manifest);
        Assert.That(refused.Output, Does.Contain("ApprovalMissing").And.Not.Contain("ImageNotPinned"));
        await ApproveAsync(sandbox, refused.Output);
        (await sandbox.ApplyAsync("dana", manifest)).OrFail();
    }

    /// <summary>Approves the Change that a refusal names. Retried, because replicas check votes by caches that may lag.</summary>
    public static Task<Rig.Run> ApproveAsync(Sandbox sandbox, string refusal, string approver = "alice")
    {
        var change = refusal.Split("(change ")[1].Split(')', ',')[0];
        return Rig.Wait.UntilAsync(
            () => sandbox.ApproveAsync(approver, change),
            run => run.Succeeded,
            $"{approver}'s approval of {change}"
        );
    }

    /// <summary>A Node only for pods with its nodeName: no DaemonSet of another test tolerates its taint. Deleted on disposal.</summary>
    public static async Task<IAsyncDisposable> NodeAsync(string name)
    {
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                $$"""
                {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "{{name}}"}, "spec": {"unschedulable": true, "taints": [{"key": "rig/away", "effect": "NoExecute"}]},
                 "status": {"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "110"} } }
                """,
                ["create", "-f", "-"]
            )
        ).OrFail();
        return new Node(name);
    }

    private sealed class Node(string name) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() =>
            await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "node", name, "--ignore-not-found");
    }

    /// <summary>A StatefulSet of eight pods that replaces half of them at once, where the server supports maxUnavailable.</summary>
    public static JsonObject StatefulSetOfEight(string image, int ready = 0) =>
        Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
             "spec": {"serviceName": "db", "replicas": 8, "podManagementPolicy": "Parallel", "minReadySeconds": {{ready}}, "selector": {"matchLabels": {"app": "db"} },
              "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"} },
              "template": {"metadata": {"labels": {"app": "db"} },
               "spec": {"containers": [{"name": "db", "image": "{{image}}", "readinessProbe": {"httpGet": {"path": "/", "port": 80} } }] } } } }
            """
        );
}
