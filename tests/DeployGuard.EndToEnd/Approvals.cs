using System.Text.Json.Nodes;

namespace DeployGuard.EndToEnd;

/// <summary>ChangeApproval manifests, as a user without the DeployGuard CLI would write them.</summary>
internal static class Approvals
{
    public static async Task<JsonObject> OfAsync(Sandbox sandbox, string change, string decision = "Approve")
    {
        var hash = (await sandbox.KubectlAsync("alice", "get", "change", change, "-o", "jsonpath={.spec.templateHash}")).OrFail().Output;
        return new JsonObject
        {
            ["apiVersion"] = "deployguard.io/v1alpha1",
            ["kind"] = "ChangeApproval",
            ["metadata"] = new JsonObject { ["generateName"] = "by-hand-" },
            ["spec"] = new JsonObject
            {
                ["workload"] = new JsonObject
                {
                    ["apiGroup"] = "apps",
                    ["kind"] = "Deployment",
                    ["name"] = "web",
                },
                ["templateHash"] = hash,
                ["decision"] = decision,
            },
        };
    }
}
