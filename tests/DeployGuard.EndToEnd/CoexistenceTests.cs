using DeployGuard.Rig;
using static DeployGuard.EndToEnd.NewerServer;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// DeployGuard together with features of the API server: admission policies, flow control, disruption budgets, SelfSubjectReview.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class CoexistenceTests
{
    private const string Api = "admissionregistration.k8s.io";
    private const string Votes = "changeapprovals.deployguard.io";

    /// <summary>The API server evaluates its own policies first, and calls webhooks only for requests that these admit.</summary>
    [Test]
    public async Task ValidatingAdmissionPolicyIsEvaluatedBeforeDeployGuard()
    {
        Server.SkipIf(!await Server.ServesAsync($"apis/{Api}/v1", "validatingadmissionpolicies"), "ValidatingAdmissionPolicy");
        var sandbox = await WithWebRunningAsync();
        await ValidatingAsync(sandbox, "Deny");

        var both = await Wait.UntilAsync(
            () => sandbox.SetImageAsync(),
            run => run.Output.Contains("Deployments need the label team", StringComparison.Ordinal),
            "the policy to be in force"
        );
        Assert.That(both.Output, Does.Not.Contain("ApprovalMissing"), "DeployGuard was not called");
        var labelled = Web(V2);
        labelled["metadata"]!["labels"] = Parse("""{"team": "shop"}""");
        Assert.That((await sandbox.ApplyAsync("dana", labelled)).Output, Does.Contain("ApprovalMissing").And.Not.Contain("need the label"));

        await ValidatingAsync(sandbox, "Warn");
        await Wait.UntilAsync(
            () => sandbox.SetImageAsync(V3),
            run =>
                ((string[])["ApprovalMissing", "Warning: ", "need the label team"]).All(t =>
                    run.Output.Contains(t, StringComparison.Ordinal)
                ),
            "the policy's warning together with DeployGuard's refusal"
        );
    }

    /// <summary>It changes the request before the webhook call: the changed object is evaluated, hashed and approved.</summary>
    [Test]
    public async Task ContainersAddedByAMutatingAdmissionPolicyAreEvaluatedAndApproved()
    {
        var version = await Server.ServesAsync($"apis/{Api}/v1", "mutatingadmissionpolicies") ? "v1" : "v1beta1";
        Server.SkipIf(!await Server.ServesAsync($"apis/{Api}/{version}", "mutatingadmissionpolicies"), "MutatingAdmissionPolicy");
        var sandbox = await WithWebRunningAsync();
        await MutatingAsync(sandbox, version, "mesh/proxy:latest");
        await Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", Web(V2), "--dry-run=server"),
            run =>
                run.Output.Contains(
                    "ImageNotPinned: image mesh/proxy:latest (spec.template.spec.containers[1].image)",
                    StringComparison.Ordinal
                ),
            "the added image to be evaluated"
        );

        await MutatingAsync(sandbox, version, V3);
        await Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", Web(V2), "--dry-run=server"),
            run => !run.Output.Contains("mesh/proxy", StringComparison.Ordinal),
            "the other image to be added"
        );
        await ApprovedAsync(sandbox, Web(V2));
        Assert.That(
            (
                await sandbox.KubectlAsync("dana", "get", "deployment/web", "-o", "jsonpath={.spec.template.spec.containers[*].image}")
            ).Output,
            Is.EqualTo($"{V2} {V3}")
        );
        Assert.That(
            (await sandbox.KubectlAsync("dana", "get", "changes", "-o", "jsonpath={.items[*].spec.images[*].to}")).Output,
            Does.Contain(V3),
            "approvers see the added container"
        );

        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                "delete",
                "mutatingadmissionpolicybinding,mutatingadmissionpolicy",
                sandbox.Namespace
            )
        ).OrFail();
        const string Without = """[{"op": "remove", "path": "/spec/template/spec/containers/1"}]""";
        var bare = await Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "patch", "deployment/web", "--type=json", "-p", Without, "--dry-run=server"),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the template without the added container to be a new revision"
        );
        Assert.That(bare.Output, Does.Not.Contain("ImageNotPinned"));
    }

    [Test]
    public async Task FlowSchemaOfTheChartAppliesToDeployGuardsRequests()
    {
        Server.SkipIf(!await Server.ServesAsync("apis/flowcontrol.apiserver.k8s.io/v1", "flowschemas"), "flow control v1");
        const string Dangling = "jsonpath={.status.conditions[?(@.type==\"Dangling\")].status}";
        const string Ours = "apiserver_flowcontrol_dispatched_requests_total{flow_schema=\"deployguard\",priority_level=\"deployguard\"}";

        await Wait.UntilAsync(
            () => TestCluster.Rig.Plane.KubectlAsync("admin", "get", "flowschema", "deployguard", "-o", Dangling),
            run => run.Output == "False",
            "the FlowSchema to have its priority level"
        );
        await Wait.UntilAsync(
            async () =>
                (await TestCluster.Rig.Plane.KubectlAsync("admin", "get", "--raw", "/metrics"))
                    .OrFail()
                    .Output.Split('\n')
                    .Where(l => l.StartsWith(Ours, StringComparison.Ordinal))
                    .ToList(),
            lines => lines.Count > 0,
            "requests of DeployGuard to be counted under it"
        );
    }

    [Test]
    public async Task DisruptionBudgetOfTheChartCoversBothPods()
    {
        Server.SkipIf(!await Server.ServesAsync("apis/policy/v1", "poddisruptionbudgets"), "PodDisruptionBudget policy/v1");

        const string Counted = "jsonpath={.apiVersion} {.status.expectedPods} {.status.currentHealthy} {.status.disruptionsAllowed}";
        var budget = await Wait.UntilAsync(
            () =>
                TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    "get",
                    "poddisruptionbudget",
                    "deployguard",
                    "-n",
                    "deployguard-system",
                    "-o",
                    Counted
                ),
            run => run.Output.Split(' ') is [_, "2", "2", "1"],
            "the budget to count both pods of the Deployment"
        );
        Assert.That(budget.Output, Does.StartWith("policy/v1 "));
    }

    /// <summary>
    /// A user who lost the permission to vote can withdraw their vote, because SelfSubjectReview returns their user name. A server
    /// without it returns the name only by a dry run of a vote, which needs that permission; there the user names the vote.
    /// </summary>
    [Test]
    public async Task UserWhoLostThePermissionToVoteCanWithdrawTheirVote()
    {
        await PolicyAsync("platform-votes", """ "approval": {"quorum": [{"groups": ["platform"], "count": 1}]} """);
        var sandbox = await WithWebRunningAsync("platform-votes");
        await BindAsync(sandbox, "voter", "clusterrole=deployguard-approver");
        await BindAsync(sandbox, "reader", "clusterrole=deployguard-viewer");
        var refused = await sandbox.SetImageAsync();
        await ApproveAsync(sandbox, refused.Output, "pete");
        var vote = (await sandbox.KubectlAsync("pete", "get", "changeapprovals", "-o", "jsonpath={.items[0].metadata.name}"))
            .OrFail()
            .Output;

        (await sandbox.KubectlAsync("admin", "create", "role", "leaver", "--verb=delete", $"--resource={Votes}")).OrFail();
        await BindAsync(sandbox, "leaver", "role=leaver");
        (await sandbox.KubectlAsync("admin", "delete", "rolebinding", "voter")).OrFail();
        await Wait.UntilAsync(
            () => MayAsync(sandbox, "create"),
            run => run.Output.StartsWith("no", StringComparison.Ordinal),
            "pete to lose the permission to vote"
        );
        await Wait.UntilAsync(
            () => MayAsync(sandbox, "delete"),
            run => run.Output.StartsWith("yes", StringComparison.Ordinal),
            "pete to delete votes"
        );

        var withdrawn = await sandbox.KubectlAsync(
            "pete",
            "deployguard",
            "withdraw",
            refused.Output.Split("(change ")[1].Split(')', ',')[0]
        );
        if (await Server.ServesAsync("apis/authentication.k8s.io/v1", "selfsubjectreviews"))
        {
            Assert.That(withdrawn.OrFail().Output, Does.Contain($"by pete, changeapproval {vote}"));
        }
        else
        {
            Assert.That(
                withdrawn.Output,
                Does.Contain("the API server does not tell your user name").And.Contain("kubectl get changeapprovals")
            );
            (await sandbox.KubectlAsync("pete", "deployguard", "withdraw", vote)).OrFail();
        }
    }

    private static async Task BindAsync(Sandbox sandbox, string name, string role) =>
        (await sandbox.KubectlAsync("admin", "create", "rolebinding", name, $"--{role}", "--user=pete")).OrFail();

    private static Task<Run> MayAsync(Sandbox sandbox, string verb) => sandbox.KubectlAsync("pete", "auth", "can-i", verb, Votes);

    private static async Task ValidatingAsync(Sandbox sandbox, string action) =>
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                $$"""
                {"apiVersion": "v1", "kind": "List", "items": [
                 {"apiVersion": "{{Api}}/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "{{sandbox.Namespace}}"},
                  "spec": {"failurePolicy": "Fail", "matchConstraints": {{Deployments}},
                   "validations": [{"expression": "has(object.metadata.labels) && 'team' in object.metadata.labels", "message": "Deployments need the label team"}]} },
                 {"apiVersion": "{{Api}}/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "{{sandbox.Namespace}}"},
                  "spec": {"policyName": "{{sandbox.Namespace}}", "validationActions": ["{{action}}"], "matchResources": {{In(
                    sandbox
                )}} } }]}
                """,
                ["apply", "-f", "-"]
            )
        ).OrFail();

    private static async Task MutatingAsync(Sandbox sandbox, string version, string image) =>
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                $$"""
                {"apiVersion": "v1", "kind": "List", "items": [
                 {"apiVersion": "{{Api}}/{{version}}", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "{{sandbox.Namespace}}"},
                  "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never", "matchConstraints": {{Deployments}},
                   "matchConditions": [{"name": "once", "expression": "!object.spec.template.spec.containers.exists(c, c.name == 'mesh')"}],
                   "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression":
                    "[JSONPatch{op: 'add', path: '/spec/template/spec/containers/-', value: Object.spec.template.spec.containers{name: 'mesh', image: '{{image}}'} }]"} }]} },
                 {"apiVersion": "{{Api}}/{{version}}", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": "{{sandbox.Namespace}}"},
                  "spec": {"policyName": "{{sandbox.Namespace}}", "matchResources": {{In(sandbox)}} } }]}
                """,
                ["apply", "-f", "-"]
            )
        ).OrFail();

    private const string Deployments =
        """{"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}]}""";

    private static string In(Sandbox sandbox) =>
        $$"""{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "{{sandbox.Namespace}}"} } }""";
}
