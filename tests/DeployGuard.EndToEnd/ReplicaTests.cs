using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Two replicas, and reviews that are sent to them directly, not through the API server.</summary>
[Parallelizable(ParallelScope.All)]
public class ReplicaTests
{
    private static IReadOnlyList<Rig.Replica> Replicas => TestCluster.Rig.Installation?.Replicas ?? [];

    [Test]
    public async Task Threat26_DirectReviewStartsNothingAndCompletesNothing()
    {
        var sandbox = await WithWebRunningAsync();
        var (before, after) = await DirectCall.WebAsync(sandbox, V2);
        using var call = new DirectCall();

        // Forged: the review claims that the workload already runs V2 and returns to V1.
        Assert.That(await call.SendAsync(Replicas[0], "dana", after, before), Is.Null, "V1 completed: a rollback, whatever ran before");
        Assert.That(await call.SendAsync(Replicas[0], "dana", before, after), Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        Assert.That(await call.SendAsync(Replicas[1], "dana", before, after), Is.Null);

        var change = await sandbox.ChangeOfAsync(V2);
        await RecoveryTests.ApprovedAsync(await WithWebRunningAsync(), V3);
        Assert.That(
            (await sandbox.KubectlAsync("dana", "get", "change", change, "-o", "jsonpath={.status.phase}")).Output,
            Is.EqualTo("Admitted"),
            "admitted, and never observed running"
        );
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [Test]
    public async Task Threat26_ForgedOldObjectDoesNotShrinkTheShownDiff()
    {
        var sandbox = await WithWebRunningAsync();
        var (_, after) = await DirectCall.WebAsync(sandbox, V2);
        var before = after.DeepClone().AsObject();
        after["spec"]!["template"]!["metadata"]!["labels"]!["harmless"] = "yes";
        using var call = new DirectCall();

        Assert.That(await call.SendAsync(Replicas[0], "dana", before, after), Does.Contain("ApprovalMissing"));

        var shown = await sandbox.KubectlAsync(
            "alice",
            "get",
            "change",
            await sandbox.ChangeInPhaseAsync("Pending"),
            "-o",
            "jsonpath={.spec.images[0].from}|{.spec.diff[*]}"
        );
        Assert.That(
            shown.Output,
            Does.StartWith("|").And.Contain("spec.containers[web].image: (absent) -> registry.example.com/web@sha256:2222")
        );
    }

    [Test]
    public async Task Threat26_HistoryOfAnotherWorkloadIsNotAccepted()
    {
        var sandbox = await WithWebRunningAsync();
        // Claims that "ghost", which does not exist and has no records, returns to a revision of web.
        var (ghost, other) = await DirectCall.WebAsync(sandbox, V2);
        ghost["metadata"]!["name"] = "ghost";
        other["metadata"]!["name"] = "ghost";
        using var call = new DirectCall();

        Assert.That(
            await call.SendAsync(Replicas[0], "dana", other, ghost),
            Does.Contain("Deployment").And.Contain("/ghost refused").And.Contain("ApprovalMissing")
        );
        Assert.That(
            (
                await sandbox.KubectlAsync(
                    "admin",
                    "get",
                    "changes",
                    "-o",
                    "jsonpath={range .items[?(@.spec.workload.name==\"ghost\")]}{.status.phase} {end}"
                )
            ).Output,
            Does.Not.Contain("Completed").And.Not.Contain("Admitted")
        );
    }

    [Test]
    public async Task Threat29_FloodFillsOnlyTheRequestersShareOfTheInbox()
    {
        var sandbox = await WithWebRunningAsync();
        var messages = new List<string>();
        for (var i = 0; i < 16; i++)
        {
            messages.Add((await sandbox.SetImageAsync($"registry.example.com/web@sha256:{i:x64}")).Output);
            await Rig.Wait.UntilAsync(
                () => PendingAsync(sandbox),
                run => run.Output.Split(' ').Length >= Math.Min(i + 1, 10),
                "the refusal to be on record"
            );
            await sandbox.EveryReplicaSeesPendingAsync(Math.Min(i + 1, 10));
        }

        Assert.That((await PendingAsync(sandbox)).Output.Split(' '), Has.Length.EqualTo(10));
        Assert.That(
            messages[^1],
            Does.Contain("It is not on record, because too many requests of dana wait already: 10 for ").And.Not.Contain("--hash"),
            "nobody is asked to approve what they cannot read"
        );
        Assert.That(
            (await sandbox.SetImageAsync(V2, "erin")).Output,
            Does.Contain("(change deployment-web-"),
            "another requester still has a place"
        );
    }

    private static Task<Rig.Run> PendingAsync(Sandbox sandbox) =>
        sandbox.KubectlAsync("admin", "get", "changes", "-o", "jsonpath={.items[?(@.status.phase==\"Pending\")].metadata.name}");
}
