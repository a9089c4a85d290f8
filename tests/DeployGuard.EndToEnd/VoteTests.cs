using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Votes as users cast them: rejecting, withdrawing, overriding, releases and images.</summary>
[Parallelizable(ParallelScope.All)]
public class VoteTests
{
    [Test]
    public async Task AVetoRejectsTheChangeAndItsWithdrawalReopensIt()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await sandbox.KubectlAsync("carol", "deployguard", "reject", change, "--reason", "drops the orders table", "--yes")).OrFail();

        var refused = await sandbox.SetImageAsync();
        Assert.That(
            refused.Output,
            Does.Contain(
                "ApprovalRejected: carol rejected it: drops the orders table. Ask carol to withdraw it: kubectl deployguard "
                    + $"withdraw {change}"
            )
        );
        Assert.That(await sandbox.ChangeInPhaseAsync("Rejected"), Is.EqualTo(change));

        (await sandbox.KubectlAsync("carol", "deployguard", "withdraw", change)).OrFail();
        // It is approved, so it waits for nobody but its requester.
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "change", change, "-o", "jsonpath={.status.phase} {.status.missing}"),
            run => run.Output == "Pending nothing: retry by dana",
            "the veto to be lifted"
        );
        (await sandbox.SetImageAsync()).OrFail();
    }

    [Test]
    public async Task WithdrawnApprovalDoesNotCount()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await sandbox.KubectlAsync("alice", "deployguard", "withdraw", change)).OrFail();

        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("approvals 0 of 1"));
    }

    [Test]
    public async Task VoteIsWithdrawnByItsCreatorOrWithTheVerbOverride()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.KubectlAsync("carol", "deployguard", "reject", change, "--reason", "no", "--yes")).OrFail();
        var vote = (await sandbox.KubectlAsync("admin", "get", "changeapprovals", "-o", "jsonpath={.items[0].metadata.name}")).Output;

        Assert.That(
            (await sandbox.KubectlAsync("alice", "deployguard", "withdraw", vote)).Output,
            Does.Contain("NotCreator: only carol, or a user with the verb override, can withdraw it")
        );
        (await sandbox.KubectlAsync("pete", "deployguard", "withdraw", vote)).OrFail();
    }

    [Test]
    public async Task ReleaseOfSeveralWorkloadsIsApprovedAtOnce()
    {
        var sandbox = await GuardedAsync();
        foreach (var name in (string[])["front", "back", "batch"])
        {
            var manifest = Web(V1);
            manifest["metadata"]!["name"] = name;
            manifest["metadata"]!["annotations"] = new System.Text.Json.Nodes.JsonObject
            {
                ["deployguard.io/change-id"] = name == "batch" ? "release-43" : "release-42",
            };
            Assert.That((await sandbox.ApplyAsync("dana", manifest)).Succeeded, Is.False);
        }

        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("alice", "get", "changes", "-o", "name"),
            run => run.Output.Split('\n').Length == 3,
            "three pending changes"
        );

        var approved = (await sandbox.KubectlAsync("alice", "deployguard", "approve", "--change-id", "release-42", "--yes")).OrFail();

        Assert.That(
            approved.Output,
            Does.Contain("Workload  Deployment").And.Contain("/front").And.Contain("/back").And.Not.Contain("/batch")
        );
        Assert.That(
            (await sandbox.KubectlAsync("alice", "get", "changeapprovals", "-o", "name")).Output.Split('\n'),
            Has.Length.EqualTo(2)
        );
    }

    [Test]
    public async Task AnApprovedImageMayRunWithAnotherTemplateWhereThePolicyCoversImages()
    {
        var sandbox = await WithWebRunningAsync("images");
        (await sandbox.KubectlAsync("dana", "set", "env", "deployment/web", "A=1")).OrFail();
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        (await sandbox.SetImageAsync()).OrFail();
        (await sandbox.KubectlAsync("dana", "set", "env", "deployment/web", "A=2")).OrFail();
        Assert.That((await sandbox.SetImageAsync(V3)).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task ExemptIdentityPassesAndIsRecorded()
    {
        var sandbox = await WithWebRunningAsync("exempting");
        Assert.That((await sandbox.SetImageAsync(user: "dana")).Output, Does.Contain("ApprovalMissing"));

        (await sandbox.SetImageAsync(user: "erin")).OrFail();

        var change = await sandbox.ChangeOfAsync(V2);
        Assert.That(
            (
                await sandbox.KubectlAsync(
                    "dana",
                    "get",
                    "change",
                    change,
                    "-o",
                    "jsonpath={.status.exemptions[0].policy} {.status.exemptions[0].by}"
                )
            ).Output,
            Is.EqualTo("exempting erin")
        );
        // The exporter answers from a cache for 300 ms.
        var waived = await Rig.Wait.UntilAsync(
            async () =>
                string.Concat(await Task.WhenAll(TestCluster.Rig.Installation?.Replicas.Select(r => r.ScrapeAsync()) ?? []))
                    .Split('\n')
                    .Where(l =>
                        l.StartsWith("deployguard_findings_waived_total", StringComparison.Ordinal)
                        && l.Contains($"\"{sandbox.Namespace}\"", StringComparison.Ordinal)
                    )
                    .ToList(),
            lines => lines.Count > 0,
            "the exemption to be counted"
        );
        Assert.That(waived, Has.One.Contains("by=\"exempt\"").And.One.Contains("policy=\"exempting\""));
    }

    [Test]
    public async Task AListedMonitorMayRejectAndNeverApprove()
    {
        var sandbox = await WithWebRunningAsync("exempting");
        Assert.That((await sandbox.SetImageAsync()).Succeeded, Is.False);
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        string[] monitor =
        [
            "create",
            "-f",
            "-",
            "-n",
            sandbox.Namespace,
            "--as=system:serviceaccount:monitoring:judge",
            "--as-group=system:masters",
        ];

        var approve = await TestCluster.Rig.Plane.KubectlAsync("admin", (await Approvals.OfAsync(sandbox, change)).ToJsonString(), monitor);
        (
            await TestCluster.Rig.Plane.KubectlAsync("admin", (await Approvals.OfAsync(sandbox, change, "Reject")).ToJsonString(), monitor)
        ).OrFail();

        Assert.That(approve.Output, Does.Contain("MachineIdentity"));
        Assert.That(
            (await sandbox.SetImageAsync()).Output,
            Does.Contain("ApprovalRejected: system:serviceaccount:monitoring:judge rejected it")
        );
    }

    [TestCase("create changeapprovals.deployguard.io")]
    [TestCase("override changeapprovals.deployguard.io")]
    [TestCase("create breakglasses.deployguard.io")]
    [TestCase("breakglass-namespace breakglasses.deployguard.io")]
    [TestCase("create safeguardpolicies.deployguard.io")]
    [TestCase("exempt safeguardpolicies.deployguard.io")]
    [TestCase("update changes.deployguard.io")]
    public async Task BuiltInRolesGrantNoPermissionOfDeployGuard(string permission)
    {
        var sandbox = await UnguardedAsync();
        foreach (var role in (string[])["admin", "edit"])
        {
            (await sandbox.KubectlAsync("admin", "create", "rolebinding", role, $"--clusterrole={role}", "--group=only-that")).OrFail();
        }

        await Rig.Wait.UntilAsync(
            () => CanAsync("create deployments.apps"),
            run => run.Output.Contains("yes", StringComparison.Ordinal),
            "the roles to take effect"
        );

        Assert.That((await CanAsync(permission)).Output, Does.Contain("no").And.Not.Contain("yes"));

        Task<Rig.Run> CanAsync(string what) =>
            sandbox.KubectlAsync("admin", ["auth", "can-i", .. what.Split(' '), "--as=somebody", "--as-group=only-that"]);
    }

    private static async Task<Sandbox> RefusedAsync()
    {
        var sandbox = await WithWebRunningAsync();
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
        return sandbox;
    }
}
