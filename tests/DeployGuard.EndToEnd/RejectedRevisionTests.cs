using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// A Deployment keeps the ReplicaSet of a revision that was rejected, with no pods, and its users may write every ReplicaSet. Going back
/// to that revision needs an approval; nothing else may bring its pods back.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class RejectedRevisionTests
{
    [Test]
    public async Task Threat48_TheReplicaSetOfARejectedRevisionIsNotRaised()
    {
        var (sandbox, _, rejected) = await WithRejectedRevisionAsync();

        var beside = await sandbox.KubectlAsync("dana", "scale", rejected, "--replicas=3");
        (await sandbox.KubectlAsync("dana", "delete", "deployment", "web", "--cascade=orphan")).OrFail();
        var alone = await sandbox.KubectlAsync("dana", "scale", rejected, "--replicas=3");
        var patched = await sandbox.KubectlAsync("dana", "patch", rejected, "-p", """{"spec":{"replicas":3}}""");

        Assert.That(
            new[] { beside.Output, alone.Output, patched.Output },
            Has.All.Contains("OldRevision").And.All.Contains("of deployment/web that carol rejected")
        );
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Threat48_TheReplicaSetThatServesKeepsItsPods(bool isPaused)
    {
        Server.SkipIf(!Server.HasMatchConditions, "deletes of ReplicaSets by people only, which need match conditions");
        var (sandbox, serving, _) = await WithRejectedRevisionAsync();
        if (isPaused)
        {
            (await sandbox.KubectlAsync("dana", "rollout", "pause", "deployment/web")).OrFail();
        }

        // The caches may not have the pause yet.
        await Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "delete", serving, "--dry-run=server"),
            run => run.Output.Contains(isPaused ? "while deployment/web is paused" : "once paused", StringComparison.Ordinal),
            "the webhook to see the Deployment as it is"
        );
        Run[] runs =
        [
            await sandbox.KubectlAsync("dana", "delete", serving),
            await sandbox.KubectlAsync("dana", "scale", serving, "--replicas=0"),
            await sandbox.KubectlAsync("dana", "label", serving, "app=other", "--overwrite"),
            await sandbox.KubectlAsync("dana", "patch", serving, "-p", """{"metadata":{"ownerReferences":null}}"""),
        ];

        Assert.That(runs.Select(r => r.Output), Has.All.Contains("OldRevision").And.All.Contains("carol rejected"));
        (await sandbox.KubectlAsync("dana", "rollout", isPaused ? "resume" : "restart", "deployment/web")).OrFail();
        await sandbox.IsRolledOutAsync("web");
    }

    [Test]
    public async Task Threat48_APausedDeploymentOfAnotherNameDoesNotAdoptIt()
    {
        var (sandbox, serving, rejected) = await WithRejectedRevisionAsync();
        var manifest = Web(V1);
        manifest["metadata"]!["name"] = "other";
        manifest["spec"]!["paused"] = true;
        (await sandbox.KubectlAsync("dana", "delete", "deployment", "web", "--cascade=orphan")).OrFail();
        var early = await sandbox.CreateAsync("dana", manifest);
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();

        var created = await Wait.UntilAsync(
            () => sandbox.CreateAsync("dana", manifest),
            run => !run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the approval to count"
        );
        manifest["spec"]!["replicas"] = 0;
        var empty = await sandbox.CreateAsync("dana", manifest);
        var scaled = await sandbox.KubectlAsync("dana", "scale", "deployment/other", "--replicas=3");

        Assert.That(
            new[] { early.Output, created.Output, scaled.Output },
            Has.All.Contains($"while deployment/other is paused, its controller may give these pods to {rejected}, a revision that carol")
        );
        Assert.That(empty.Output, Does.Contain("created"));
        Assert.That(serving, Is.Not.EqualTo(rejected));
    }

    /// <summary>The rejected ReplicaSet is hidden while its Deployment comes back, and joins it afterwards.</summary>
    [Test]
    public async Task Threat48_APausedDeploymentWithoutPodsDoesNotTakeItBack()
    {
        var (sandbox, serving, rejected) = await WithRejectedRevisionAsync();
        (await sandbox.KubectlAsync("dana", "rollout", "pause", "deployment/web")).OrFail();
        (await sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=0")).OrFail();
        var scaled = await sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=3");
        await Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", serving, "-o", "jsonpath={.spec.replicas}"),
            run => run.Output == "0",
            "the ReplicaSet to have no pods"
        );
        foreach (var set in new[] { serving, rejected })
        {
            await Wait.UntilAsync(
                () => sandbox.KubectlAsync("dana", "patch", set, "-p", """{"metadata":{"labels":{"app":"x"},"ownerReferences":null}}"""),
                run => run.Output.Contains("patched", StringComparison.Ordinal),
                "the webhook to see that the Deployment has no pods"
            );
        }

        await Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "patch", "deployment/web", "-p", """{"spec":{"replicas":3}}"""),
            run => run.Output.Contains("patched", StringComparison.Ordinal),
            "the webhook to see that the Deployment has no ReplicaSet"
        );
        var joined = await sandbox.KubectlAsync("dana", "label", rejected, "app=web", "--overwrite");

        Assert.That(scaled.Output, Does.Contain("while deployment/web is paused"));
        Assert.That(joined.Output, Does.Contain("OldRevision").And.Contain("carol rejected"));
    }

    /// <returns>The ReplicaSets of the revision that serves and of the one that was rejected: <c>replicaset/web-5f</c>.</returns>
    private static async Task<(Sandbox Sandbox, string Serving, string Rejected)> WithRejectedRevisionAsync()
    {
        var sandbox = await WithWebRunningAsync();
        (
            await sandbox.KubectlAsync(
                "olga",
                "deployguard",
                "breakglass",
                "deployment/web",
                "--incident",
                "INC-1",
                "--reason",
                "orders fail"
            )
        ).OrFail();
        (await sandbox.SetImageAsync(user: "olga")).OrFail();
        await sandbox.IsRolledOutAsync("web");
        var change = await sandbox.ChangeOfAsync(V2);
        (await sandbox.KubectlAsync("carol", "deployguard", "reject", change, "--yes", "--reason", "drops orders")).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "change", change, "-o", "jsonpath={.status.breakGlass[0].reviewDecision}"),
            run => run.Output == "Reject",
            "the review to be on record"
        );
        var sets = await sandbox.ListAsync("apis/apps/v1", "replicasets");
        string NameOf(string image) =>
            "replicaset/"
            + sets.Single(s => s.GetRawText().Contains(image, StringComparison.Ordinal))
                .GetProperty("metadata")
                .GetProperty("name")
                .GetString();
        return (sandbox, NameOf(V1), NameOf(V2));
    }
}
