using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Everybody learns of a vote at once: from the Change, its conditions, Events, and <c>kubectl wait</c>.</summary>
[Parallelizable(ParallelScope.All)]
public class VoteRecordTests
{
    private const string Votes =
        "jsonpath={.status.missing}|{range .status.approvals[*]}{.approver} {.decision} {.reason} {.counts} {.withdrawnBy};{end}";

    [Test]
    public async Task KubectlWaitsForAnApproval()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        var waiting = sandbox.KubectlAsync("dana", "wait", "--for=condition=Approved", $"change/{change}", "--timeout=120s");

        (await sandbox.KubectlAsync("alice", "deployguard", "approve", change, "--yes", "--reason", "read the diff")).OrFail();

        (await waiting).OrFail();
        (await sandbox.KubectlAsync("dana", "wait", "--for=condition=Admissible", $"change/{change}", "--timeout=120s")).OrFail();
        await SaysAsync(sandbox, change, "nothing: retry by dana|alice Approve read the diff");
        (await RequestAsync(sandbox)).OrFail();
    }

    [Test]
    public async Task TheVoterAndTheRequesterLearnWhatIsStillMissing()
    {
        var sandbox = await RefusedAsync("two-lines");
        var change = await sandbox.ChangeInPhaseAsync("Pending");

        var run = (await sandbox.KubectlAsync("carol", "deployguard", "approve", change, "--yes")).OrFail();

        Assert.That(run.Output, Does.Contain("Still missing: "));
        Assert.That(run.Output, Does.Not.Contain("again now"));
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "describe", "deployment", "web"),
            described => described.Output.Contains($"carol approved {change}; missing: ", StringComparison.Ordinal),
            "an Event of the vote on the Deployment"
        );
    }

    [Test]
    public async Task AWithdrawnVoteIsMissingAgainAndStaysOnRecord()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("alice", change)).OrFail();

        (await sandbox.KubectlAsync("alice", "deployguard", "withdraw", change)).OrFail();

        await SaysAsync(sandbox, change, "senior-engineers 0/1|alice Approve", " alice;");
        Assert.That((await RequestAsync(sandbox)).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task ARequesterWithdrawsTheirRequestAndAsksAgainThroughNobodyElse()
    {
        var sandbox = await RefusedAsync();
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (
            await sandbox.KubectlAsync(
                "admin",
                "create",
                "rolebinding",
                "requesters",
                "--clusterrole=deployguard-requester",
                "--user=dana",
                "--user=alice"
            )
        ).OrFail();

        Assert.That((await sandbox.KubectlAsync("alice", "deployguard", "withdraw", change)).ExitCode, Is.EqualTo(2));
        (await sandbox.KubectlAsync("dana", "deployguard", "withdraw", change, "--reason", "wrong branch")).OrFail();
        await sandbox.ChangeInPhaseAsync("Withdrawn");

        // Another requester opens it again; the first one still cannot approve it.
        await RequestAsync(sandbox, "erin");
        await sandbox.ChangeInPhaseAsync("Pending");
        Assert.That((await sandbox.ApproveAsync("dana", change)).Output, Does.Contain("dana requested"));
    }

    private static Task<Rig.Run> SaysAsync(Sandbox sandbox, string change, string start, string contains = "") =>
        Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "get", "change", change, "-o", Votes),
            run => run.Output.StartsWith(start, StringComparison.Ordinal) && run.Output.Contains(contains, StringComparison.Ordinal),
            $"the Change to say {start}"
        );

    private static async Task<Sandbox> RefusedAsync(string policy = "guarded")
    {
        var sandbox = await WithWebRunningAsync(policy);
        Assert.That((await RequestAsync(sandbox)).Output, Does.Contain("ApprovalMissing"));
        return sandbox;
    }

    private static Task<Rig.Run> RequestAsync(Sandbox sandbox, string user = "dana") =>
        sandbox.KubectlAsync(user, "set", "image", "deployment/web", $"web={V2}");
}
