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
        (await World.Rig.Plane.KubectlAsync("admin", $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "{{name}}"},
             "spec": {"match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } }, {{spec}} } }
            """, ["apply", "-f", "-"])).OrFail();
        await EveryReplicaKnowsAsync(name);
    }

    /// <summary>Refused once, approved, and let in.</summary>
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

    /// <summary>The same under another name, so that it can be made beside itself.</summary>
    public static JsonObject Renamed(JsonObject manifest)
    {
        var renamed = manifest.DeepClone().AsObject();
        renamed["metadata"]!["name"] = "other";
        return renamed;
    }
}
