using System.Net;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Tests;

/// <summary>Users with few rights: which role they lack, and what they see without it.</summary>
public class MissingRightTests
{
    private const string Policies = "/apis/deployguard.io/v1alpha1/safeguardpolicies";
    private const string Changes = "/apis/deployguard.io/v1alpha1/namespaces/shop/changes";

    [TestCase(
        "list",
        "safeguardpolicies",
        "at the cluster scope",
        "kubectl create clusterrolebinding deployguard-viewer-olga --clusterrole=deployguard-viewer"
    )]
    [TestCase(
        "get",
        "changes",
        "in the namespace \"shop\"",
        "kubectl -n shop create rolebinding deployguard-viewer-olga --clusterrole=deployguard-viewer"
    )]
    [TestCase(
        "create",
        "changeapprovals",
        "in the namespace \"shop\"",
        "kubectl -n shop create rolebinding deployguard-approver-olga --clusterrole=deployguard-approver"
    )]
    [TestCase(
        "create",
        "breakglasses",
        "in the namespace \"shop\"",
        "kubectl -n shop create rolebinding deployguard-breakglass-olga --clusterrole=deployguard-breakglass"
    )]
    public void TheRoleThatGivesTheRightIsNamed(string verb, string resource, string where, string command)
    {
        var message = MissingRight.Explain(
            Denied($"User \"olga\" cannot {verb} resource \"{resource}\" in API group \"deployguard.io\" {where}")
        );

        Assert.That(message, Does.StartWith($"{resource} is forbidden: User").And.EndWith($"{command} --user='olga'"));

        ApiException Denied(string what) => new(HttpStatusCode.Forbidden, "p", $"{resource} is forbidden: {what}");
    }

    [TestCase("admission webhook \"records.deployguard.io\" denied the request: NotCreator: only alice can withdraw it")]
    [TestCase("secrets is forbidden: User \"olga\" cannot get resource \"secrets\" in API group \"\" in the namespace \"shop\"")]
    public void WhatNoRoleGivesStaysAsTheServerSaysIt(string message) =>
        Assert.That(MissingRight.Explain(new ApiException(HttpStatusCode.Forbidden, "p", message)), Is.EqualTo(message));

    /// <summary>As with ClusterRoles edit and deployguard-breakglass: Changes may be read, policies may not.</summary>
    [Test]
    public async Task StatusShowsWhatChangesRecordWherePoliciesMayNotBeRead()
    {
        await using var server = await ObjectsServer.StartAsync(ObjectsServer.Deployments + "/web");
        server.Forbidden.Add(Policies);
        server.Objects[Changes] = Json(
            $$"""
            {"metadata": {}, "items": [{"metadata": {"name": "deployment-web-1", "namespace": "shop"},
              "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:{{new string('1', 64)}}"},
              "status": {"phase": "Running", "requesters": [{"username": "dana"}],
                "canary": [{"policy": "tier-1", "pool": "Service web", "step": 25, "pods": 2, "unproven": 2, "total": 10}]} }]}
            """
        );

        var run = await server.RunAsync("status", "deploy/web");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(
            run.Output,
            Does.StartWith(
                    "Deployment shop/web, as its Changes record it:\n  deployment-web-1  Running\n    Service web, policy tier-1: runs on 2 pods"
                )
                .And.Contain("Not shown, because you may not read it: the policies, and the pools")
                .And.Contain(Policies)
        );
    }

    [Test]
    public async Task StatusWithoutAnyRightIsRefused()
    {
        await using var server = await ObjectsServer.StartAsync(ObjectsServer.Deployments + "/web");
        server.Forbidden.AddRange([Policies, Changes]);

        var run = await server.RunAsync("status", "deploy/web");

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((1, "")));
        Assert.That(run.Error, Does.StartWith($"error: {Changes} is forbidden"));
    }

    [TestCase("--policy", "tier-l", "error: --policy tier-l: no such policy; to list them, run: kubectl get safeguardpolicies")]
    [TestCase("-n", "shoop", "error: there is no namespace shoop; to list them, run: kubectl get namespaces")]
    public async Task ReportOfWhatDoesNotExistIsAnError(string flag, string value, string error)
    {
        await using var server = await WithPolicyAsync();

        var run = await server.RunAsync("report", flag, value);

        Assert.That((run.ExitCode, run.Output, run.Error), Is.EqualTo((2, "", error)));
    }

    [Test]
    public async Task ReportOfAPolicyThatExistsIsNone()
    {
        await using var server = await WithPolicyAsync();

        Assert.That((await server.RunAsync("report", "--policy", "tier-1")).ExitCode, Is.Zero);
    }

    [TestCase("tier-1", 0, "(policy tier-1)")]
    [TestCase(
        "tier-2",
        2,
        "error: --policy tier-2: no such file, and there is no policy of this name; to list them, run: kubectl get safeguardpolicies"
    )]
    [TestCase("bare", 2, "error: policy bare requires no canary")]
    public async Task ExplainTakesAPolicyOfTheCluster(string policy, int exitCode, string says)
    {
        await using var server = await WithPolicyAsync();

        var run = await server.RunAsync("explain", "canary", "--policy", policy);

        Assert.That(run.ExitCode, Is.EqualTo(exitCode));
        Assert.That(run.Output + run.Error, Does.Contain(says));
    }

    private static async Task<ObjectsServer> WithPolicyAsync()
    {
        var server = await ObjectsServer.StartAsync();
        var policy = Json("""{"metadata": {"name": "tier-1"}, "spec": {"mode": "Enforce", "canary": {"steps": [10]} } }""");
        server.Objects[$"{Policies}/tier-1"] = policy;
        server.Objects[$"{Policies}/bare"] = Json("""{"metadata": {"name": "bare"}, "spec": {"mode": "Enforce"} }""");
        server.Objects[Policies] = new JsonObject { ["metadata"] = new JsonObject(), ["items"] = new JsonArray(policy.DeepClone()) };
        foreach (var space in (string[])["shop", "shoop"])
        {
            server.Objects[$"/apis/deployguard.io/v1alpha1/namespaces/{space}/changes"] = Json("""{"metadata": {}, "items": []}""");
        }

        server.Objects["/api/v1/namespaces/shop"] = Json("""{"metadata": {"name": "shop"} }""");
        return server;
    }

    private static JsonNode Json(string text) => JsonNode.Parse(text) ?? throw new InvalidOperationException("no JSON");
}
