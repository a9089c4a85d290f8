using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Templates that statements name.</summary>
internal static class SignedTemplate
{
    /// <summary>Deployment web with a variable MODE, and with a statement that the request brings along if there is one.</summary>
    public static JsonObject WithMode(string image, string value, DsseEnvelope? statement = null)
    {
        var web = Web(image);
        web["spec"]!["template"]!["spec"]!["containers"]![0]!["env"] = new JsonArray(
            new JsonObject { ["name"] = "MODE", ["value"] = value }
        );
        web["metadata"]!["annotations"] = new JsonObject
        {
            ["deployguard.io/change-statement"] = statement is null ? "" : Encoding.UTF8.GetString(statement.ToJson()),
        };
        return web;
    }

    /// <summary>The subject for the template of a request, from the record of its refusal.</summary>
    public static async Task<StatementSubject> OfRefusedAsync(Sandbox sandbox, JsonObject asked)
    {
        var refused = await AnsweredAsync(() => sandbox.ApplyAsync("dana", asked));
        Assert.That(refused.Output, Does.Contain("ApprovalMissing"));
        var change = refused.Output.Split("(change ")[1].Split(')', ',')[0];
        var hash = await Wait.UntilAsync(
            () => sandbox.KubectlAsync("alice", "get", "change", change, "-o", "jsonpath={.spec.templateHash}"),
            run => run.Succeeded,
            "the Change of the refused template"
        );
        return Of($"Deployment {sandbox.Namespace}/web", hash.Output);
    }

    /// <param name="workload">As statements name it: <c>Deployment shop/web</c>.</param>
    public static StatementSubject Of(string workload, string hash) => StatementSubject.Of(workload, StatementSubject.TemplateHash, hash);
}
