using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>What the tests of newer servers share.</summary>
internal static class NewerServer
{
    /// <summary>In place by pace and in no other way: two of eight at once, each for two seconds.</summary>
    public const string Paced = """ "canary": {"required": "Always", "accept": ["Pace"], "steps": [5, 25, 50], "pace": {"percent": 25, "minReady": "2s"} } """;

    /// <summary>A policy for the namespaces that are labelled by its name, which every replica knows then.</summary>
    public static async Task PolicyAsync(string name, string spec)
    {
        (await TestCluster.Rig.Plane.KubectlAsync("admin", $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "{{name}}"},
             "spec": {"match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } }, {{spec}} } }
            """, ["apply", "-f", "-"])).OrFail();
        await EveryReplicaKnowsAsync(name);
    }

    /// <summary>Refused once, approved, then admitted.</summary>
    public static async Task ApprovedAsync(Sandbox sandbox, JsonObject manifest)
    {
        var asked = await sandbox.ApplyAsync("dana", manifest);
        Assert.That(asked.Output, Does.Contain("ApprovalMissing").And.Not.Contain("ImageNotPinned"));
        await ApproveAsync(sandbox, asked.Output);
        (await sandbox.ApplyAsync("dana", manifest)).OrFail();
    }

    /// <summary>Approves what a refusal names. It is on record a moment after the answer, and a vote is checked by the caches of any replica.</summary>
    public static Task<Rig.Run> ApproveAsync(Sandbox sandbox, string refusal, string approver = "alice")
    {
        var change = refusal.Split("(change ")[1].Split(')', ',')[0];
        return Rig.Wait.UntilAsync(() => sandbox.ApproveAsync(approver, change), run => run.Succeeded, $"{approver}'s approval of {change}");
    }

    /// <summary>A Node on which nothing runs but what names it: no DaemonSet of another test tolerates its taint. Gone when it is disposed.</summary>
    public static async Task<IAsyncDisposable> NodeAsync(string name)
    {
        (await TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            $$"""
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "{{name}}"}, "spec": {"unschedulable": true, "taints": [{"key": "rig/away", "effect": "NoExecute"}]},
             "status": {"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "110"} } }
            """,
            ["create", "-f", "-"])).OrFail();
        return new Node(name);
    }

    private sealed class Node(string name) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "node", name, "--ignore-not-found");
    }

    /// <summary>A StatefulSet of eight that replaces half of them at once, where the server takes that from one.</summary>
    public static JsonObject StatefulSetOfEight(string image, int ready = 0) => Parse($$"""
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
         "spec": {"serviceName": "db", "replicas": 8, "podManagementPolicy": "Parallel", "minReadySeconds": {{ready}}, "selector": {"matchLabels": {"app": "db"} },
          "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"} },
          "template": {"metadata": {"labels": {"app": "db"} },
           "spec": {"containers": [{"name": "db", "image": "{{image}}", "readinessProbe": {"httpGet": {"path": "/", "port": 80} } }] } } } }
        """);
}
