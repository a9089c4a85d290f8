using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Tests;

/// <summary><c>breakglass</c> as an on-call engineer types it.</summary>
public class BreakGlassTests
{
    private static readonly string[] s_why = ["--incident", "INC-1", "--reason", "orders fail"];

    [TestCase("deployment/web", "Deployment", "/apis/apps/v1/namespaces/shop/deployments/web")]
    [TestCase("Deployment/web", "Deployment", "/apis/apps/v1/namespaces/shop/deployments/web")]
    [TestCase("deployments/web", "Deployment", "/apis/apps/v1/namespaces/shop/deployments/web")]
    [TestCase("deploy/web", "Deployment", "/apis/apps/v1/namespaces/shop/deployments/web")]
    [TestCase("deployment.apps/web", "Deployment", "/apis/apps/v1/namespaces/shop/deployments/web")]
    [TestCase("deployments.v1.apps/web", "Deployment", "/apis/apps/v1/namespaces/shop/deployments/web")]
    [TestCase("sts/web", "StatefulSet", "/apis/apps/v1/namespaces/shop/statefulsets/web")]
    [TestCase("ds/web", "DaemonSet", "/apis/apps/v1/namespaces/shop/daemonsets/web")]
    [TestCase("rs/web", "ReplicaSet", "/apis/apps/v1/namespaces/shop/replicasets/web")]
    [TestCase("rc/web", "ReplicationController", "/api/v1/namespaces/shop/replicationcontrollers/web")]
    [TestCase("cj/web", "CronJob", "/apis/batch/v1/namespaces/shop/cronjobs/web")]
    [TestCase("cronjob/web", "CronJob", "/apis/batch/v1beta1/namespaces/shop/cronjobs/web")]
    [TestCase("jobs/web", "Job", "/apis/batch/v1/namespaces/shop/jobs/web")]
    [TestCase("po/web", "Pod", "/api/v1/namespaces/shop/pods/web")]
    [TestCase("web", "StatefulSet", "/apis/apps/v1/namespaces/shop/statefulsets/web")]
    public async Task AWorkloadIsNamedAsForKubectl(string typed, string kind, string path)
    {
        await using var server = await ObjectsServer.StartAsync(path, "/api/v1/namespaces/shop/services/web");

        var run = await server.RunAsync(["breakglass", typed, .. s_why]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.StartWith($"BreakGlass web-x7k2p waives Approval of {kind} shop/web for olga until 20"));
        Assert.That((string?)server.Written.Single()["spec"]?["workload"]?["kind"], Is.EqualTo(kind));
    }

    /// <summary>Somebody said no, perhaps for a reason that on-call does not know.</summary>
    [TestCase("Reject", false, "Approval", true)]
    [TestCase("Reject", true, "Approval", false)]
    [TestCase("Approve", false, "Approval", false)]
    [TestCase("Reject", false, "Pace", false)]
    public async Task ItSaysThatItWaivesAVetoToo(string decision, bool isWithdrawn, string waive, bool isSaid)
    {
        const string Deployment = "/apis/apps/v1/namespaces/shop/deployments/web";
        await using var server = await ObjectsServer.StartAsync(Deployment);
        var withdrawn = isWithdrawn ? """, "withdrawnAt": "2026-11-28T11:59:30Z" """ : "";
        server.Objects["/apis/deployguard.io/v1alpha1/namespaces/shop/changes"] = JsonNode.Parse(
            $$$"""
            {"items": [{"metadata": {"name": "deployment-web-1", "namespace": "shop"},
              "spec": {"workload": {"kind": "Deployment", "apiGroup": "apps", "name": "web"}, "templateHash": "v2:0"},
              "status": {"phase": "Rejected", "approvals": [
                {"name": "v", "approver": "alice", "decision": "{{{decision}}}", "at": "2026-11-28T11:59:00Z"{{{withdrawn}}}}] } }] }
            """
        )!;

        var run = await server.RunAsync(["breakglass", "deployment/web", .. s_why, "--waive", waive]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(
            run.Output.Contains("Note: alice rejected deployment-web-1, and the BreakGlass waives that too", StringComparison.Ordinal),
            Is.EqualTo(isSaid),
            run.Output
        );
    }

    /// <summary>Two revisions wait, or it covers the whole namespace: each veto is told, and the deploy names the Change.</summary>
    [TestCase("deployment/web", 2)]
    [TestCase(null, 3)]
    public async Task EveryVetoThatItWaivesIsTold(string? workload, int told)
    {
        await using var server = await ObjectsServer.StartAsync("/apis/apps/v1/namespaces/shop/deployments/web");
        string Rejected(string name, string of) =>
            $$"""
                {"metadata": {"name": "{{name}}", "namespace": "shop"},
                 "spec": {"workload": {"kind": "Deployment", "apiGroup": "apps", "name": "{{of}}"}, "templateHash": "v2:0"},
                 "status": {"phase": "Rejected", "approvals": [
                   {"name": "v", "approver": "alice", "decision": "Reject", "at": "2026-11-28T11:59:00Z"}] } }
                """;
        server.Objects["/apis/deployguard.io/v1alpha1/namespaces/shop/changes"] = JsonNode.Parse(
            $$"""{"items": [{{Rejected("web-1", "web")}}, {{Rejected("web-2", "web")}}, {{Rejected("db-1", "db")}}] }"""
        )!;

        var run = await server.RunAsync(["breakglass", .. workload is null ? (string[])[] : [workload], .. s_why]);

        Assert.That(run.Output.Split('\n').Count(l => l.StartsWith("Note: alice rejected ", StringComparison.Ordinal)), Is.EqualTo(told));
        Assert.That(
            run.Output,
            Does.Contain("kubectl deployguard approve CHANGE ").And.Contain("(the warning of the deploy names the CHANGE)")
        );
    }

    /// <summary>A BreakGlass that can admit nothing would give false comfort in an incident.</summary>
    [TestCase("Approval,Pace", false)]
    [TestCase("Approval,Canary", true)]
    public async Task AServiceNeedsTheOnlySafeguardThatEvaluatesIt(string waive, bool isMade)
    {
        await using var server = await ObjectsServer.StartAsync("/api/v1/namespaces/shop/services/web");

        var run = await server.RunAsync(["breakglass", "svc/web", .. s_why, "--waive", waive]);

        Assert.That((run.ExitCode, server.Written.Count), Is.EqualTo(isMade ? (0, 1) : (2, 0)), run.Error);
        Assert.That(
            run.Error,
            isMade
                ? Is.Empty
                : Does.StartWith(
                    "error: service/web: a Service runs no pods, so Approval, Pace never refuses it. Name the workload behind it, "
                )
        );
    }

    [TestCase("Rollout.argoproj.io/web")]
    [TestCase("rollouts.argoproj.io/web")]
    [TestCase("rollout.v1alpha1.argoproj.io/web")]
    [TestCase("ro.argoproj.io/web")]
    [TestCase("ro/web")]
    public async Task ACustomKindIsNamedAsForKubectl(string typed)
    {
        await using var server = await WithRolloutsAsync();

        var run = await server.RunAsync(["breakglass", typed, .. s_why]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        var workload = server.Written.Single()["spec"]?["workload"];
        Assert.That(((string?)workload?["apiGroup"], (string?)workload?["kind"]), Is.EqualTo(("argoproj.io", "Rollout")));
    }

    [TestCase("robot/web", "robot/web: the API server has no kind robot; use one of Deployment, StatefulSet, ")]
    [TestCase("Rollout.example.com/web", "Rollout.example.com/web: the API server has no kind Rollout.example.com; ")]
    [TestCase("a/b/c", "\"a/b/c\" names no workload: expected KIND/NAME such as deployment/web, or only the name")]
    [TestCase("deployment/", "\"deployment/\" names no workload")]
    [TestCase("my web", "\"my web\" names no workload")]
    [TestCase("deployment/../web", "\"deployment/../web\" names no workload")]
    [TestCase("deployment/..", "\"deployment/..\" names no workload")]
    public async Task WhatNamesNoWorkloadIsAnError(string typed, string error)
    {
        await using var server = await WithRolloutsAsync();

        var run = await server.RunAsync(["breakglass", typed, .. s_why]);

        Assert.That((run.ExitCode, server.Written.Count), Is.EqualTo((2, 0)));
        Assert.That(run.Error, Does.StartWith($"error: {error}"));
    }

    [TestCase("breakglass")]
    [TestCase("status")]
    public async Task AWorkloadThatDoesNotExistIsAnErrorThatSaysHowToListThem(string command)
    {
        await using var server = await ObjectsServer.StartAsync();

        var run = await server.RunAsync([command, "deploy/web", .. command == "status" ? [] : s_why]);

        Assert.That((run.ExitCode, server.Written.Count), Is.EqualTo((2, 0)));
        Assert.That(
            run.Error,
            Does.StartWith(
                "error: there is no Deployment shop/web. Check the name and the namespace; to list what is there, run: kubectl get deployments -n shop"
            )
        );
    }

    [Test]
    public async Task AWorkloadToBeCreatedNeedsAFlag()
    {
        await using var server = await ObjectsServer.StartAsync();
        Assert.That(
            (await server.RunAsync(["breakglass", "deploy/web", .. s_why])).Error,
            Does.EndWith("If the deploy creates it, add --to-be-created")
        );

        var run = await server.RunAsync(["breakglass", "deploy/web", "--to-be-created", .. s_why]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That((await server.RunAsync(["breakglass", "web", "--to-be-created", .. s_why])).Error, Does.Contain("name the kind too"));
    }

    [Test]
    public async Task ANameThatSeveralWorkloadsHaveListsThem()
    {
        await using var server = await ObjectsServer.StartAsync(
            "/apis/apps/v1/namespaces/shop/deployments/web",
            "/apis/batch/v1/namespaces/shop/jobs/web"
        );

        var run = await server.RunAsync(["breakglass", "web", .. s_why]);

        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo((2, "error: several workloads in namespace shop have the name web; pass one of: deployment/web, job/web"))
        );
    }

    [Test]
    public async Task ANameThatNoWorkloadHasSaysHowToListThem()
    {
        await using var server = await ObjectsServer.StartAsync("/api/v1/namespaces/shop/services/web");

        var run = await server.RunAsync(["breakglass", "web", .. s_why]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(
            run.Error,
            Does.StartWith("error: no workload in namespace shop has the name web.").And.Contain("kubectl get deployments,statefulsets,")
        );
    }

    [Test]
    public async Task WithoutPermissionToReadWorkloadsTheKindMustBeNamed()
    {
        await using var server = await ObjectsServer.StartAsync();
        server.Forbidden.Add("/apis/apps/v1/namespaces/shop/");

        var unnamed = await server.RunAsync(["breakglass", "web", .. s_why]);
        Assert.That(unnamed.ExitCode, Is.EqualTo(2));
        Assert.That(unnamed.Error, Does.Contain("you may not read deployments, statefulsets, daemonsets, replicasets in namespace shop"));

        var named = await server.RunAsync(["breakglass", "deploy/web", .. s_why]);
        Assert.That(named.ExitCode, Is.Zero, "nobody waits in an incident for a permission to read");
        Assert.That(named.Error, Does.Contain("note: you may not read Deployment shop/web, so check its name yourself"));
    }

    [Test]
    public async Task TheOutputSaysHowLongItLastsWhatItDoesNotWaiveAndWhatToRunNext()
    {
        await using var server = await ObjectsServer.StartAsync("/apis/apps/v1/namespaces/shop/deployments/web");

        var run = await server.RunAsync(
            "breakglass",
            "web",
            "--incident",
            "INC-1",
            "--reason",
            "it's down",
            "--waive",
            "Approval,pace",
            "--waive",
            "Pace"
        );

        Assert.That(
            run.Output,
            Does.Match(
                @"^BreakGlass web-x7k2p waives Approval, Pace of Deployment shop/web for olga until \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, in 4h\.\n"
                    + @"Not waived: Canary, Budget, Freeze\. If one of them refuses the deploy, run: kubectl deployguard breakglass deployment/web -n shop "
                    + @"--incident INC-1 --reason 'it'\\''s down' --waive Canary,Budget,Freeze\n"
                    + @"Next: retry the deploy as olga\. From its admission on, another person can review it, and must: kubectl deployguard approve CHANGE -n "
                    + @"shop \(the warning of the deploy names the CHANGE\)\n"
                    + @"To end it early, run: kubectl delete breakglass web-x7k2p -n shop$"
            )
        );
        Assert.That(
            server.Written.Single()["spec"]?["waives"]?.AsArray().Select(w => (string?)w),
            Is.EqualTo((string[])["Approval", "Pace"]),
            "each once"
        );
    }

    /// <summary>What was refused is what the deploy requests again.</summary>
    [TestCase("Pending", true)]
    [TestCase("Completed", false)]
    public async Task TheReviewOfTheChangeThatWaitsIsNamedAtOnce(string phase, bool isNamed)
    {
        await using var server = await ObjectsServer.StartAsync("/apis/apps/v1/namespaces/shop/deployments/web");
        server.Objects["/apis/deployguard.io/v1alpha1/namespaces/shop/changes"] = Changes(phase, "[]");

        var run = await server.RunAsync(["breakglass", "web", .. s_why]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain($"kubectl deployguard approve {(isNamed ? "deployment-web-1" : "CHANGE")} -n shop"));
    }

    /// <summary>Long before its revision has completed.</summary>
    [TestCase("Admitted")]
    [TestCase("Running")]
    [TestCase("Completed")]
    public async Task TheReviewIsNamedFromTheAdmissionOn(string phase)
    {
        const string Use = """{"name": "web-x7k2p", "by": "olga", "incident": "INC-1", "reason": "down", "at": "2026-11-27T06:00:00Z"}""";
        await using var server = await ObjectsServer.StartAsync("/apis/apps/v1/namespaces/shop/deployments/web");
        var changes = Changes(phase, $"[{Use}]");
        server.Objects["/apis/deployguard.io/v1alpha1/namespaces/shop/changes"] = changes;
        server.Objects["/apis/deployguard.io/v1alpha1/namespaces/shop/changes/deployment-web-1"] = changes["items"]?[0]?.DeepClone() ?? "";
        const string Review =
            "Break-glass web-x7k2p of olga waits for its review. Another person reviews it, now or later: kubectl deployguard approve "
            + "deployment-web-1 -n shop";
        Assert.That((await server.RunAsync("show", "deployment-web-1", "-n", "shop")).Output, Does.Contain($"Next      {Review}"));
        var recorded = Core.Changes.ChangeReader.Read(System.Text.Json.JsonSerializer.SerializeToElement(changes["items"]?[0]));
        Assert.That(Views.ReviewAdvice.OfAll(recorded.Workload, [recorded]), Is.EqualTo(new[] { Review }), "status");
    }

    private static JsonNode Changes(string phase, string uses) =>
        JsonNode.Parse(
            $$"""
            {"metadata": {}, "items": [
              {"metadata": {"name": "deployment-web-1", "namespace": "shop"},
               "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:{{new string(
                '1',
                64
            )}}"},
               "status": {"phase": "{{phase}}", "requesters": [{"username": "olga"}], "breakGlass": {{uses}} } }]}
            """
        ) ?? throw new InvalidOperationException("no list");

    [TestCase("ImagePinning", "--waive ImagePinning: expected one of Approval, Canary, Pace, Budget, Freeze")]
    [TestCase("Approval,Nonsense", "--waive Nonsense: expected one of")]
    [TestCase(",", "--waive without a name: expected one of")]
    public async Task AnUnknownSafeguardIsAnError(string waive, string error)
    {
        await using var server = await ObjectsServer.StartAsync("/apis/apps/v1/namespaces/shop/deployments/web");

        var run = await server.RunAsync(["breakglass", "web", .. s_why, "--waive", waive]);

        Assert.That((run.ExitCode, server.Written.Count), Is.EqualTo((2, 0)));
        Assert.That(run.Error, Does.StartWith($"error: {error}"));
    }

    /// <summary>The same argument as of breakglass.</summary>
    [TestCase("deploy/web")]
    [TestCase("deployments.apps/web")]
    public async Task ApproveWithAHashNamesAWorkloadAsKubectlDoes(string typed)
    {
        await using var server = await RecordsServer.StartAsync();

        var run = await server.RunAsync("approve", typed, "--hash", new string('0', 64), "--yes");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That((string?)server.Votes.Values.Single()["spec"]?["workload"]?["kind"], Is.EqualTo("Deployment"));
    }

    private static async Task<ObjectsServer> WithRolloutsAsync()
    {
        var server = await ObjectsServer.StartAsync("/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web");
        const string Group = """{"name": "argoproj.io", "preferredVersion": {"groupVersion": "argoproj.io/v1alpha1"} }""";
        server.Objects["/apis"] = JsonNode.Parse($$"""{"groups": [{{Group}}] }""") ?? "";
        server.Objects["/apis/argoproj.io"] = JsonNode.Parse(Group) ?? "";
        server.Objects["/apis/argoproj.io/v1alpha1"] =
            JsonNode.Parse(
                """
                {"resources": [{"name": "rollouts/status", "singularName": "", "namespaced": true, "kind": "Rollout"},
                               {"name": "rollouts", "singularName": "rollout", "namespaced": true, "kind": "Rollout", "shortNames": ["ro"]}]}
                """
            ) ?? "";
        return server;
    }
}
