using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// State that must survive restarts of replicas and the API server, and its expiry. In a cluster of its own, which the tests damage.
/// </summary>
public class PersistenceTests : OwnCluster
{
    [Test]
    public async Task ApprovalSurvivesARestartOfBothReplicas()
    {
        var sandbox = await ApprovedAsync();
        KillReplicas();
        await RestartReplicasAsync();

        await Rig.Wait.UntilAsync(() => sandbox.SetImageAsync(), run => run.Succeeded, "the approved change to pass");
    }

    [Test]
    public async Task ChangeIsRecordedEvenIfTheReplicasDieRightAfterTheAnswer()
    {
        var sandbox = await ApprovedAsync();
        (await sandbox.SetImageAsync()).OrFail();
        KillReplicas();

        Assert.That(
            (await sandbox.KubectlAsync("dana", "get", "change", await sandbox.ChangeOfAsync(V2), "-o", "jsonpath={.status.phase}")).Output,
            Is.AnyOf("Admitted", "Running", "Completed")
        );
        await RestartReplicasAsync();
        await sandbox.SettleAsync();
    }

    [Test]
    public async Task ApprovalSurvivesARestartOfTheApiServer()
    {
        var sandbox = await ApprovedAsync();
        await TestCluster.Rig.Plane.RestartApiServerAsync();

        await Rig.Wait.UntilAsync(() => sandbox.SetImageAsync(), run => run.Succeeded, "the approved change to pass");
    }

    [Test]
    public async Task RecordsExpireAfterAWeek()
    {
        var sandbox = await ApprovedAsync();
        Assert.That((await sandbox.SetImageAsync(V3)).Succeeded, Is.False);
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "changes", "-o", "jsonpath={.items[*].status.phase}"),
            run => run.Output.Split(' ').Count(p => p == "Pending") == 2,
            "two pending changes"
        );
        (await sandbox.BreakGlassAsync("never used")).OrFail();
        var (approved, forgotten) = (await sandbox.ChangeOfAsync(V2), await sandbox.ChangeOfAsync(V3));
        KillReplicas();

        await using (await FutureReplica.StartAsync(TimeSpan.FromDays(8)))
        {
            await Rig.Wait.UntilAsync(
                () => sandbox.SetImageAsync(),
                run => run.Output.Contains("Not counted: alice (expired", StringComparison.Ordinal),
                "the approval to be no longer counted"
            );
            await PhaseAsync(sandbox, forgotten, "Expired");
            await PhaseAsync(sandbox, await sandbox.ChangeOfAsync(V1), "Proven");
            await Rig.Wait.UntilAsync(
                () =>
                    sandbox.KubectlAsync(
                        "admin",
                        "get",
                        "change",
                        approved,
                        "-o",
                        "jsonpath={.status.approvals[0].approver} {.status.approvals[0].expired}"
                    ),
                run => run.Output == "alice true",
                "the expired approval to be kept on the Change"
            );
            await Rig.Wait.UntilAsync(
                () => sandbox.KubectlAsync("admin", "get", "changeapprovals", "-o", "name"),
                run => run.Output.Length == 0,
                "the expired approval to be removed"
            );
        }

        await using (await FutureReplica.StartAsync(TimeSpan.FromDays(20)))
        {
            await Rig.Wait.UntilAsync(
                () => sandbox.KubectlAsync("admin", "get", "change", forgotten),
                run => run.Output.Contains("not found", StringComparison.Ordinal),
                "the change without new requests to be removed"
            );
            await Rig.Wait.UntilAsync(
                () => sandbox.KubectlAsync("admin", "get", "breakglasses", "-o", "name"),
                run => run.Output.Length == 0,
                "the expired BreakGlass to be removed"
            );
        }

        await RestartReplicasAsync();
    }

    /// <summary>A test of the rig: no test may fail because another damaged the shared cluster.</summary>
    [Test]
    public async Task EndedProcessIsReportedAndRestarted()
    {
        var sandbox = await ApprovedAsync();
        Installation.Replicas[1].Daemon.Signal("KILL");
        await Rig.Wait.UntilAsync(
            () => Task.FromResult(Installation.Replicas[1].Daemon.HasEndedUnexpectedly),
            ended => ended,
            "the replica to end"
        );

        var exitReports = await TestCluster.Rig.RepairAsync();

        Assert.That(exitReports.Single(), Does.StartWith("webhook-1 ended with 137; the last it said:"));
        Assert.That(await TestCluster.Rig.RepairAsync(), Is.Empty);
        (await sandbox.SetImageAsync()).OrFail();
        Assert.That(await Installation.Replicas[1].ReadAsync("deployguard_leader"), Has.Count.EqualTo(1));
    }

    private static Task<Rig.Run> PhaseAsync(Sandbox sandbox, string change, string phase) =>
        Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("admin", "get", "change", change, "-o", "jsonpath={.status.phase}"),
            run => run.Output == phase,
            $"{change} to be {phase}"
        );

    /// <summary>Refused, and approved by alice.</summary>
    private static async Task<Sandbox> ApprovedAsync()
    {
        var sandbox = await WithWebRunningAsync();
        await Rig.Wait.UntilAsync(
            () => sandbox.SetImageAsync(),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the refusal"
        );
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        return sandbox;
    }
}
