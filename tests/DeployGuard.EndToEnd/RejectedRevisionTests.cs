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

    /// <summary>
    /// Ways to take the serving ReplicaSet from a paused Deployment, whose controller then turns to the one that was rejected. Among them
    /// two by the garbage collector: it finds no owner of that name, or leaves what its owner had.
    /// </summary>
    [TestCase("delete")]
    [TestCase("relabel")]
    [TestCase("lose its owner")]
    [TestCase("be collected as garbage")]
    public async Task Threat48_APausedDeploymentDoesNotTakeItBack(string how)
    {
        var (sandbox, serving, rejected) = await WithRejectedRevisionAsync();
        var uid = (await sandbox.KubectlAsync("dana", "get", "deployment", "web", "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        var owners = $$"""
            [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone", "uid": "{{uid}}", "controller": true},
             {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "11111111-2222-3333-4444-555555555555"}]
            """;
        (await sandbox.KubectlAsync("dana", "rollout", "pause", "deployment/web")).OrFail();

        string[] command = how switch
        {
            "delete" => ["delete", serving],
            "relabel" => ["label", serving, "app=other", "--overwrite"],
            "lose its owner" => ["patch", serving, "-p", """{"metadata":{"labels":{"app":"x"},"ownerReferences":null}}"""],
            _ => ["patch", serving, "--type=merge", "-p", $$"""{"metadata": {"ownerReferences": {{owners}} } }"""],
        };
        (await sandbox.KubectlAsync("dana", command)).OrFail();
        if (how == "be collected as garbage")
        {
            await Wait.UntilAsync(
                () => sandbox.KubectlAsync("dana", "get", serving, "--ignore-not-found", "-o", "name"),
                run => run.Succeeded && run.Output.Length == 0,
                "the garbage collector"
            );
            // The controller does not connect its deletion with the Deployment.
            (await sandbox.KubectlAsync("dana", "annotate", "deployment", "web", "poke=1")).OrFail();
        }

        await IsRefusedToTheControllerAsync(sandbox, rejected);
        (await sandbox.KubectlAsync("dana", "rollout", "resume", "deployment/web")).OrFail();
        await sandbox.IsRolledOutAsync("web");
        Assert.That(await ReplicasAsync(sandbox, rejected), Is.EqualTo("0"));
    }

    [Test]
    public async Task Threat48_APausedDeploymentOfAnotherNameDoesNotAdoptIt()
    {
        var (sandbox, serving, rejected) = await WithRejectedRevisionAsync();
        var manifest = Web(V1);
        manifest["metadata"]!["name"] = "other";
        manifest["spec"]!["paused"] = true;
        (await sandbox.KubectlAsync("dana", "delete", "deployment", "web", "--cascade=orphan")).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", serving)).OrFail();
        await sandbox.CreateAsync("dana", manifest);
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();

        await Wait.UntilAsync(
            () => sandbox.CreateAsync("dana", manifest),
            run => run.Output.Contains("created", StringComparison.Ordinal),
            "the approval to count"
        );

        await IsRefusedToTheControllerAsync(sandbox, rejected);
    }

    /// <summary>It is hidden while its Deployment comes back, and joins it afterwards through an owner that is deleted.</summary>
    [Test]
    public async Task Threat48_ItDoesNotJoinThroughAnOwnerThatIsDeleted()
    {
        var (sandbox, serving, rejected) = await WithRejectedRevisionAsync();
        (await sandbox.KubectlAsync("dana", "rollout", "pause", "deployment/web")).OrFail();
        (await sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=0")).OrFail();
        await Wait.UntilAsync(() => ReplicasAsync(sandbox, serving), replicas => replicas == "0", "the ReplicaSet to have no pods");
        (await sandbox.KubectlAsync("dana", "create", "configmap", "owner")).OrFail();
        var uid = (await sandbox.KubectlAsync("dana", "get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        var owner = $$"""[{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "{{uid}}", "controller": true}]""";
        var patch = $$"""{"metadata": {"ownerReferences": {{owner}} } }""";
        (await sandbox.KubectlAsync("dana", "patch", rejected, "--type=merge", "-p", patch)).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", serving)).OrFail();
        (await sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=3")).OrFail();

        (await sandbox.KubectlAsync("dana", "delete", "configmap", "owner", "--cascade=orphan")).OrFail();

        await IsRefusedToTheControllerAsync(sandbox, rejected);
    }

    /// <summary>The controller asked for pods of the ReplicaSet, and did not get them: DeployGuard tells it in an Event.</summary>
    private static async Task IsRefusedToTheControllerAsync(Sandbox sandbox, string rejected)
    {
        var name = rejected["replicaset/".Length..];
        await Wait.UntilAsync(
            () =>
                sandbox.KubectlAsync(
                    "admin",
                    "get",
                    "events",
                    "-o",
                    "jsonpath={range .items[*]}{.involvedObject.name} {.message}{'\\n'}{end}"
                ),
            run =>
                run.Output.Split('\n')
                    .Any(l => l.Contains(name, StringComparison.Ordinal) && l.Contains("OldRevision", StringComparison.Ordinal)),
            "an Event of the refusal"
        );
        Assert.That(await ReplicasAsync(sandbox, rejected), Is.EqualTo("0"));
    }

    private static async Task<string> ReplicasAsync(Sandbox sandbox, string set) =>
        (await sandbox.KubectlAsync("dana", "get", set, "-o", "jsonpath={.spec.replicas}")).OrFail().Output;

    /// <returns>The ReplicaSets of the revision that serves and of the one that was rejected: <c>replicaset/web-5f</c>.</returns>
    private static async Task<(Sandbox Sandbox, string Serving, string Rejected)> WithRejectedRevisionAsync()
    {
        var sandbox = await WithWebRunningAsync();
        (await sandbox.BreakGlassAsync("orders fail")).OrFail();
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
