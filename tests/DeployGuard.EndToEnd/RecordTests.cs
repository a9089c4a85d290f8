using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>The record of a change, as approvers and auditors see it.</summary>
[Parallelizable(ParallelScope.All)]
public class RecordTests
{
    [Test]
    public async Task DescribeShowsWhyTheDeploymentWasRefused()
    {
        var sandbox = await WithWebRunningAsync();
        await sandbox.SetImageAsync();

        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "describe", "deployment", "web"),
            run =>
                run.Output.Contains("RolloutRefused", StringComparison.Ordinal)
                && run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the Event on the Deployment"
        );
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "describe", "change", change),
            run => run.Output.Contains("AwaitsApproval", StringComparison.Ordinal),
            "the Event on the Change"
        );
    }

    [Test]
    public async Task ApproverIsShownTheWholeChange()
    {
        var sandbox = await WithWebRunningAsync();
        var manifest = Web(V2, aiAssisted: true);
        manifest["spec"]!["template"]!["spec"]!["containers"]![0]!["command"] = new System.Text.Json.Nodes.JsonArray("sh");
        await sandbox.ApplyAsync("dana", manifest);
        await sandbox.ChangeInPhaseAsync("Pending");
        await sandbox.ApplyAsync("erin", manifest);
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("alice", "get", "change", change, "-o", "jsonpath={.status.requesters[*].username}"),
            run => run.Output == "dana erin",
            "both requesters to be on record"
        );

        var shown = await sandbox.KubectlAsync("alice", "deployguard", "approve", change, "--yes");

        Assert.That(
            shown.Output,
            Does.Contain($"{V1} -> {V2}")
                .And.Contain("dana, erin")
                .And.Contain("spec.containers[web].command")
                .And.Contain("Origin    AiAssisted (annotation deployguard.io/ai-assisted: true")
                .And.Contain("guarded (Enforce): images by digest; senior-engineers 1 within 72h")
                .And.Contain("senior-engineers 0/1")
        );
    }

    [Test]
    public async Task ChangeRefusedByAQuotaIsNotShownAsRunning()
    {
        var sandbox = await GuardedAsync();
        (await sandbox.KubectlAsync("admin", "create", "quota", "none", "--hard=count/deployments.apps=0")).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "quota", "none", "-o", "jsonpath={.status.hard}"),
            run => run.Output.Contains("deployments", StringComparison.Ordinal),
            "the quota to hold"
        );
        Assert.That((await sandbox.ApplyAsync("dana", Web(V1))).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        var dropped = await sandbox.ApplyAsync("dana", Web(V1));

        Assert.That(dropped.Output, Does.Contain("exceeded quota"));
        var change = await sandbox.ChangeInPhaseAsync("Admitted");
        // Once the leader has processed a later change elsewhere, it has processed this one too.
        await RecoveryTests.ApprovedAsync(await WithWebRunningAsync(), V2);
        Assert.That(
            (await sandbox.KubectlAsync("dana", "get", "change", change, "-o", "jsonpath={.status.phase}")).Output,
            Is.EqualTo("Admitted")
        );
    }

    [TestCase("names neither", """ "decision": "Approve" """, "ApprovalEmpty: it names neither spec.templateHash nor spec.images")]
    [TestCase(
        "an image by tag",
        """ "decision": "Approve", "images": ["web:2"] """,
        "ApprovalEmpty: spec.images: web:2 is referenced by tag"
    )]
    [TestCase(
        "a past expiry",
        """ "decision": "Approve", "templateHash": "v1:HASH", "expiresAt": "2020-01-01T00:00:00Z" """,
        "ExpiryInvalid"
    )]
    [TestCase("another decision", """ "decision": "Maybe", "templateHash": "v1:HASH" """, "Unsupported value: \"Maybe\"")]
    [TestCase("an invalid hash", """ "decision": "Approve", "templateHash": "abc" """, "spec.templateHash")]
    [TestCase(
        "no such kind",
        """ "decision": "Approve", "templateHash": "v1:HASH", "workload": {"apiGroup": "apps", "kind": "Deploymint", "name": "web"} """,
        "ApprovalEmpty: spec.workload: group apps has no guarded kind Deploymint"
    )]
    [TestCase(
        "a reason of a megabyte",
        """ "decision": "Approve", "templateHash": "v1:HASH", "reason": "LONG" """,
        "spec.reason: Invalid value | spec.reason: Too long"
    )]
    public async Task InvalidApprovalIsRefusedWithTheReason(string what, string spec, string because)
    {
        var sandbox = await GuardedAsync();
        var full = spec.Replace("HASH", new string('0', 64), StringComparison.Ordinal)
            .Replace("LONG", new string('x', 1024 * 1024), StringComparison.Ordinal);
        var workload = spec.Contains("workload", StringComparison.Ordinal)
            ? ""
            : """, "workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"} """;

        var run = await sandbox.CreateAsync(
            "alice",
            Parse(
                $$"""{"apiVersion": "deployguard.io/v1alpha1", "kind": "ChangeApproval", "metadata": {"generateName": "x-"}, "spec": { {{full}} {{workload}} } }"""
            )
        );

        Assert.That(run.Succeeded, Is.False);
        Assert.That(run.Output[..Math.Min(run.Output.Length, 2000)], Server.SaysAnyOf(because), what);
        Assert.That((await sandbox.KubectlAsync("alice", "get", "changeapprovals", "-o", "name")).Output, Is.Empty);
    }

    [Test]
    public async Task RunningRevisionCannotBeApprovedAndAnotherNamespacesChangeIsNotFound()
    {
        var sandbox = await WithWebRunningAsync();
        var running = await sandbox.ChangeInPhaseAsync("Proven");
        var other = await GuardedAsync();

        Assert.That((await sandbox.ApproveAsync("alice", running)).Output, Does.Contain($"AlreadyRunning: {running} is Proven"));
        Assert.That(
            (await other.ApproveAsync("alice", running)).Output,
            Does.Contain($"no change {running} in namespace {other.Namespace}")
        );
    }

    [Test]
    public async Task LongestNameCanBeApprovedAndAGeneratedNameCannot()
    {
        var sandbox = await GuardedAsync();
        var manifest = Web(V1);
        manifest["metadata"]!["name"] = string.Join('.', Enumerable.Repeat(new string('a', 62), 4)) + ".b";
        Assert.That((await sandbox.ApplyAsync("dana", manifest)).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await sandbox.ApplyAsync("dana", manifest)).OrFail();

        var generated = Web(V1);
        generated["metadata"] = new System.Text.Json.Nodes.JsonObject { ["generateName"] = "web-" };
        Assert.That(
            (await sandbox.CreateAsync("dana", generated)).Output,
            Does.Contain("ApprovalMissing")
                .And.Contain("The generated name changes with each attempt, so no approval can match. Set metadata.name")
                .And.Not.Contain("After approval")
        );
    }
}
