using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Who can approve a change, and what an approval covers.</summary>
[Parallelizable(ParallelScope.All)]
public class ApprovalTests
{
    [Test]
    public async Task ApprovedChangePassesRightAfterItsRefusal()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();

        (await RequestAsync(sandbox)).OrFail();

        await Rig.Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync(
                    "dana",
                    "get",
                    "change",
                    change,
                    "-o",
                    "jsonpath={.status.phase} {.status.ownedRevision} {range .status.conditions[*]}{.type}={.status}:{.reason} {end}"
                ),
            run =>
                run.Output.StartsWith("Completed web-", StringComparison.Ordinal)
                && run.Output.Contains("Pending=False:Approved Approved=True:Approved Admissible=True:Approved", StringComparison.Ordinal)
                && run.Output.Contains("Admitted=True:Approved", StringComparison.Ordinal)
                && run.Output.Contains("Completed=True:Available", StringComparison.Ordinal),
            "the change to go Pending, Admitted and Completed, each with its cause"
        );
    }

    [Test]
    public async Task DeletedWorkloadIsCreatedAgainWithoutApprovalUnlessItsImageChanges()
    {
        var sandbox = await WithWebRunningAsync();
        var change = await sandbox.ChangeInPhaseAsync("Proven");
        (await sandbox.KubectlAsync("dana", "delete", "deployment", "web")).OrFail();

        Assert.That((await sandbox.ApplyAsync("dana", Web(V2))).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApplyAsync("dana", Web(V1))).OrFail();
        Assert.That((await sandbox.ApproveAsync("carol", change)).Output, Does.Contain("AlreadyRunning"));
    }

    [Test]
    public async Task ChangeWithATagCanBeApprovedIfOnlyAnAuditPolicyPins()
    {
        (await TestCluster.Rig.Plane.KubectlAsync("admin", "get", "safeguardpolicy", "baseline")).OrFail();
        var sandbox = await WithWebRunningAsync("two-lines");
        Assert.That((await sandbox.SetImageAsync("web:2")).Output, Does.Contain("ApprovalMissing"));
        var change = await sandbox.ChangeInPhaseAsync("Pending");

        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await sandbox.ApproveAsync("bob", change)).OrFail();

        (await sandbox.SetImageAsync("web:2")).OrFail();
    }

    [Test]
    public async Task RequesterCannotApprove()
    {
        var sandbox = await RefusedAsync();

        var run = await sandbox.ApproveAsync("dana", await sandbox.ChangeInPhaseAsync("Pending"));

        Assert.That(run.Output, Does.Contain("requesters and authors cannot approve"));
    }

    [Test]
    public async Task UserOutsideTheApprovingGroupsCannotApprove()
    {
        var sandbox = await RefusedAsync();

        var run = await sandbox.ApproveAsync("erin", await sandbox.ChangeInPhaseAsync("Pending"));

        Assert.That(run.Output, Does.Contain("erin is in none of the approving groups"));
    }

    [Test]
    public async Task ForgedApproverIsReplacedByTheAuthenticatedUser()
    {
        var sandbox = await RefusedAsync();
        var forged = await Approvals.OfAsync(sandbox, await sandbox.ChangeInPhaseAsync("Pending"));
        forged["spec"]!["approver"] = new JsonObject { ["username"] = "alice", ["groups"] = new JsonArray("senior-engineers") };

        var run = await sandbox.CreateAsync("erin", forged);

        Assert.That(run.Output, Does.Contain("erin is in none of the approving groups"));
    }

    [Test]
    public async Task OnePersonDoesNotFillTwoSeats()
    {
        var sandbox = await RefusedAsync("two-lines");
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("carol", change)).OrFail();
        Assert.That((await RequestAsync(sandbox)).Output, Does.Contain("approvals 1 of 2"));

        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await RequestAsync(sandbox)).OrFail();
    }

    [Test]
    public async Task AnApprovalOfOneTemplateDoesNotCoverAnother()
    {
        var sandbox = await RefusedAsync();
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        var run = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "deployment",
            "web",
            "-p",
            $$"""{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"{{V2}}","command":["sh"]}]} } } }"""
        );

        Assert.That(run.Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task AnApprovalInOneNamespaceDoesNotCountInAnother()
    {
        var sandbox = await RefusedAsync();
        var approval = await Approvals.OfAsync(sandbox, await sandbox.ChangeInPhaseAsync("Pending"));
        var other = await RefusedAsync();

        (await sandbox.CreateAsync("alice", approval)).OrFail();

        Assert.That((await RequestAsync(other)).Output, Does.Contain("approvals 0 of 1"));
    }

    [Test]
    public async Task AnApprovalCannotBeEdited()
    {
        var sandbox = await RefusedAsync();
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        var run = await sandbox.KubectlAsync(
            "admin",
            "patch",
            "changeapprovals",
            "--type=merge",
            "-p",
            """{"spec":{"decision":"Reject"}}""",
            (await sandbox.KubectlAsync("admin", "get", "changeapprovals", "-o", "jsonpath={.items[0].metadata.name}")).Output
        );

        Assert.That(run.Output, Does.Contain("RecordImmutable: its spec cannot be changed"));
    }

    [Test]
    public async Task VetoOverridesAnApproval()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await sandbox.CreateAsync("carol", await Approvals.OfAsync(sandbox, change, "Reject"))).OrFail();

        Assert.That((await RequestAsync(sandbox)).Output, Does.Contain("ApprovalRejected: carol rejected it"));
    }

    [Test]
    public async Task AMachineCannotApprove()
    {
        var sandbox = await RefusedAsync();
        var approval = await Approvals.OfAsync(sandbox, await sandbox.ChangeInPhaseAsync("Pending"));

        var run = await TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            approval.ToJsonString(),
            [
                "create",
                "-f",
                "-",
                "-n",
                sandbox.Namespace,
                $"--as=system:serviceaccount:{sandbox.Namespace}:default",
                "--as-group=system:masters",
            ]
        );

        Assert.That(run.Output, Does.Contain("is a machine; only people can approve"));
    }

    [TestCase("patch change {0} --type=merge -p {{\"status\":{{\"phase\":\"Completed\"}}}}")]
    [TestCase("delete change {0}")]
    public async Task UsersCannotWriteOrDeleteChanges(string command)
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");

        var run = await sandbox.KubectlAsync(
            "admin",
            string.Format(System.Globalization.CultureInfo.InvariantCulture, command, change).Split(' ')
        );

        Assert.That(run.Output, Does.Contain("Changes are written by DeployGuard alone"));
    }

    [Test]
    public async Task DroppingTheAnnotationDoesNotResetTheOrigin()
    {
        var sandbox = await WithWebRunningAsync();
        await sandbox.ApplyAsync("dana", Web(V2, aiAssisted: true));
        await sandbox.ChangeInPhaseAsync("Pending");

        var run = await sandbox.ApplyAsync("dana", Web(V2));

        Assert.That(run.Output, Does.Contain("AI-assisted change (annotation, tool claude-code)"));
    }

    private static async Task<Sandbox> RefusedAsync(string policy = "guarded")
    {
        var sandbox = await WithWebRunningAsync(policy);
        Assert.That((await RequestAsync(sandbox)).Output, Does.Contain("ApprovalMissing"));
        return sandbox;
    }

    private static Task<Rig.Run> RequestAsync(Sandbox sandbox) =>
        sandbox.KubectlAsync("dana", "set", "image", "deployment/web", $"web={V2}");
}
