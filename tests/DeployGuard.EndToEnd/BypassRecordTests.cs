using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses by approvals and records, by the numbers of their rows in docs/threat-model.md.</summary>
[Parallelizable(ParallelScope.All)]
public class BypassRecordTests
{
    [Test]
    public async Task Threat15_DeployGuardAnnotationsOnWorkloadsAreIgnored()
    {
        var sandbox = await WithWebRunningAsync();
        (
            await sandbox.KubectlAsync(
                "dana",
                "annotate",
                "deployment",
                "web",
                "deployguard.io/approved=true",
                "deployguard.io/phase=Proven",
                "deployguard.io/ai-assisted=false"
            )
        ).OrFail();

        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat15_UsersCannotWriteChanges()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        var forged = $$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "Change", "metadata": {"name": "forged"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v1:{{new string(
                '0',
                64
            )}}"}, "status": {"phase": "Proven"} }
            """;

        foreach (
            var run in (Rig.Run[])
                [
                    await sandbox.CreateAsync("admin", Parse(forged)),
                    await sandbox.KubectlAsync(
                        "admin",
                        "patch",
                        "change",
                        change,
                        "--type=merge",
                        "-p",
                        """{"status":{"phase":"Completed"}}"""
                    ),
                    await sandbox.KubectlAsync("admin", "delete", "change", change),
                ]
        )
        {
            Assert.That(run.Output, Does.Contain("ManagedByDeployGuard"));
        }
    }

    [Test]
    public async Task Threat16_SelfApprovalThroughAMachineNeedsTwoApprovers()
    {
        var sandbox = await WithWebRunningAsync();
        var machine = $"system:serviceaccount:{sandbox.Namespace}:default";
        (
            await sandbox.KubectlAsync(
                "admin",
                "create",
                "rolebinding",
                "ci",
                "--clusterrole=admin",
                $"--serviceaccount={sandbox.Namespace}:default"
            )
        ).OrFail();
        Rig.Run refused = await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "set", "image", "deployment/web", $"web={V2}", $"--as={machine}"),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the machine's request to be evaluated"
        );
        Assert.That(
            refused.Output,
            Does.Contain("approvals 0 of 2: senior-engineers 0/2 (two people, because a machine is the requester)")
        );
        var change = await sandbox.ChangeInPhaseAsync("Pending");

        (await sandbox.ApproveAsync("alice", change)).OrFail();
        Assert.That(
            (await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", $"web={V2}", $"--as={machine}")).Output,
            Does.Contain("approvals 1 of 2")
        );
        (await sandbox.ApproveAsync("carol", change)).OrFail();
        (await sandbox.KubectlAsync("dana", "set", "image", "deployment/web", $"web={V2}", $"--as={machine}")).OrFail();
    }

    [Test]
    public async Task Threat16_ListedBotCountsAsAMachine()
    {
        var sandbox = await WithWebRunningAsync();
        Task<Rig.Run> RequestAsync() =>
            sandbox.KubectlAsync("admin", "set", "image", "deployment/web", $"web={V2}", "--as=argocd", "--as-group=system:masters");
        Assert.That(
            (await RequestAsync()).Output,
            Does.Contain("approvals 0 of 2: senior-engineers 0/2 (two people, because a machine is the requester)")
        );
        var change = await sandbox.ChangeInPhaseAsync("Pending");

        (await sandbox.ApproveAsync("alice", change)).OrFail();
        Assert.That((await RequestAsync()).Output, Does.Contain("approvals 1 of 2"));
        (await sandbox.ApproveAsync("carol", change)).OrFail();
        (await RequestAsync()).OrFail();
    }

    [Test]
    public async Task Threat16_NamingAnotherAuthorDoesNotLetTheRequesterApprove()
    {
        var sandbox = await WithWebRunningAsync();
        var named = Web(V2);
        named["metadata"]!["annotations"] = new JsonObject { ["deployguard.io/authors"] = "erin" };
        Assert.That((await sandbox.ApplyAsync("dana", named)).Succeeded, Is.False);

        Assert.That(
            (await sandbox.ApproveAsync("dana", await sandbox.ChangeInPhaseAsync("Pending"))).Output,
            Does.Contain("SelfApproval: dana requested")
        );
    }

    [Test]
    public async Task Threat17_OnePersonOneSeat()
    {
        var sandbox = await RefusedAsync("two-lines");
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("carol", change)).OrFail();
        (await sandbox.CreateAsync("carol", await Approvals.OfAsync(sandbox, change))).OrFail();

        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("approvals 1 of 2"));
    }

    [Test]
    public async Task Threat18_AForgedEditedReplayedOrExpiredApproval()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        var forged = await Approvals.OfAsync(sandbox, change);
        forged["spec"]!["approver"] = new JsonObject { ["username"] = "alice", ["groups"] = new JsonArray("senior-engineers") };
        Assert.That(
            (await sandbox.CreateAsync("erin", forged)).Output,
            Does.Contain("NotEligible: erin is in none of the approving groups")
        );
        var other = await Approvals.OfAsync(sandbox, change);
        other["spec"]!["workload"]!["name"] = "another";
        (await sandbox.CreateAsync("alice", other)).OrFail();
        (await sandbox.KubectlAsync("alice", "deployguard", "approve", change, "--yes", "--expires-in", "10s")).OrFail();

        var expired = await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "set", "image", "deployment/web", $"web={V2}", "--dry-run=server"),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the approval to expire"
        );

        Assert.That(expired.Output, Does.Contain("would be refused"));
        // Once a minute the leader deletes expired approvals. The Change keeps a record of them.
        var refused = await sandbox.SetImageAsync();
        Assert.That(refused.Output, Does.Contain("ApprovalMissing"));
        var remembered = await sandbox.KubectlAsync(
            "dana",
            "get",
            "change",
            change,
            "-o",
            "jsonpath={range .status.approvals[*]}{.approver} {.expired}{\"\\n\"}{end}"
        );
        Assert.That($"{refused.Output}\n{remembered.Output}", Does.Contain("Not counted: alice (expired").Or.Contain("alice true"));
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [TestCase(""" "command": ["sh"] """)]
    [TestCase(""" "env": [{"name": "A", "value": "1"}] """)]
    [TestCase(
        """ "volumeMounts": [] } ], "serviceAccountName": "other", "volumes": [{"name": "v", "hostPath": {"path": "/"}}], "initContainers": [ { "name": "init", "image": "x" """
    )]
    public async Task Threat19_TheApprovedImageWithAnotherTemplate(string more)
    {
        var sandbox = await RefusedAsync();
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        var run = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "deployment",
            "web",
            "-p",
            $$"""{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"{{V2}}", {{more}} }]} } } }"""
        );

        Assert.That(run.Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat25_RevisionWithoutACompletedChangeIsNoRollback()
    {
        var sandbox = await WithWebRunningAsync();
        await RecoveryTests.ApprovedAsync(sandbox, V2);
        var unrecorded = await sandbox.ChangeOfAsync(V2);
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        await sandbox.ObservedAsync("deployment/web");
        (await sandbox.KubectlAsync("alice", "deployguard", "withdraw", unrecorded)).OrFail();
        // As if it had run during an outage: DeployGuard has no record of it.
        (await sandbox.KubectlAsync("deployguard", "delete", "change", unrecorded)).OrFail();

        // The record is still in the caches. Both replicas must see that it was deleted.
        var (before, after) = await DirectCall.WebAsync(sandbox, V2);
        await sandbox.EveryReplicaAnswersAsync("ApprovalMissing", after, before);

        Assert.That((await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat18_VetoOfImagesAppliesUnderAnotherTemplate()
    {
        var sandbox = await RefusedAsync("images");
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await sandbox.KubectlAsync("carol", "deployguard", "reject", change, "--reason", "no", "--yes")).OrFail();

        var run = await sandbox.KubectlAsync(
            "dana",
            "patch",
            "deployment",
            "web",
            "-p",
            $$"""{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"{{V2}}","env":[{"name":"A","value":"1"}]}]} } } }"""
        );

        Assert.That(run.Output, Does.Contain("ApprovalRejected: carol rejected it"));
    }

    [Test]
    public async Task Threat28_DeletedVoteDoesNotCountWhileADependentKeepsIt()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        var held = await Approvals.OfAsync(sandbox, change);
        held["metadata"]!["finalizers"] = new JsonArray("example.com/keep");
        Assert.That((await sandbox.CreateAsync("alice", held)).Output, Does.Contain("RecordHasFinalizers"));
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        var vote = (await sandbox.KubectlAsync("alice", "get", "changeapprovals", "-o", "name")).Output;
        Assert.That(
            (
                await sandbox.KubectlAsync(
                    "admin",
                    "patch",
                    vote,
                    "--type=merge",
                    "-p",
                    """{"metadata":{"finalizers":["example.com/keep"]}}"""
                )
            ).Output,
            Does.Contain("RecordHasFinalizers")
        );
        // A dependent with a finalizer keeps the vote after a deletion in the foreground.
        var uid = (await sandbox.KubectlAsync("alice", "get", vote, "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        (
            await sandbox.CreateAsync(
                "dana",
                Parse(
                    $$"""
                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "depends", "finalizers": ["example.com/keep"],
                     "ownerReferences": [{"apiVersion": "deployguard.io/v1alpha1", "kind": "ChangeApproval", "name": "{{vote.Split('/')[
                        1
                    ]}}", "uid": "{{uid}}", "blockOwnerDeletion": true}]} }
                    """
                )
            )
        ).OrFail();

        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                """{"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}""",
                [
                    "delete",
                    "--raw",
                    $"/apis/deployguard.io/v1alpha1/namespaces/{sandbox.Namespace}/changeapprovals/{vote.Split('/')[1]}",
                    "-f",
                    "-",
                    "--as=alice",
                    "--as-group=system:masters",
                ]
            )
        ).OrFail();
        Assert.That((await sandbox.KubectlAsync("alice", "get", vote)).Succeeded, Is.True, "it is still there");
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("approvals 0 of 1"));

        (
            await sandbox.KubectlAsync(
                "dana",
                "patch",
                "configmap",
                "depends",
                "--type=merge",
                "-p",
                """{"metadata":{"finalizers":null}}"""
            )
        ).OrFail();
    }

    [Test]
    public async Task Threat28_RecordsHaveNoOwnersAndAreDeletedWithTheirNamespace()
    {
        var sandbox = await RefusedAsync();
        var owned = await Approvals.OfAsync(sandbox, await sandbox.ChangeInPhaseAsync("Pending"), "Reject");
        owned["metadata"]!["ownerReferences"] = new JsonArray(
            Parse("""{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "4c2d9c4e-0000-4000-8000-000000000000"}""")
        );
        Assert.That((await sandbox.CreateAsync("alice", owned)).Output, Does.Contain("RecordHasOwners"));
        owned["metadata"]!.AsObject().Remove("ownerReferences");
        (await sandbox.CreateAsync("alice", owned)).OrFail();
        Assert.That(
            (await sandbox.KubectlAsync("admin", "delete", "changeapprovals", "--all", "--as=erin", "--as-group=system:masters")).Succeeded,
            Is.True,
            "masters hold every verb, override too"
        );

        (await sandbox.CreateAsync("alice", owned)).OrFail();
        (await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "namespace", sandbox.Namespace, "--timeout=600s")).OrFail();
    }

    private static async Task<Sandbox> RefusedAsync(string policy = "guarded")
    {
        var sandbox = await WithWebRunningAsync(policy);
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
        return sandbox;
    }
}
