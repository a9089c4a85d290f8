using DeployGuard.Core.Identities;

namespace DeployGuard.Cli.Tests;

/// <summary>What a voter learns of their vote, and a requester of their request.</summary>
public class VoteEffectTests
{
    private RecordsServer? _server;

    private RecordsServer Server => _server ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync()
    {
        _server = await RecordsServer.StartAsync();
        _server.Phase = "Pending";
        _server.Denials = ["ApprovalMissing"];
    }

    [TearDown]
    public async Task StopAsync() => await Server.DisposeAsync();

    [Test]
    public async Task TheLastVoteSaysThatARetryPasses() =>
        Assert.That(
            (await ApproveAsync()).Output,
            Does.EndWith("Under policy tier-1: seniors. Nothing is missing: dana can send the same request again now.")
        );

    [Test]
    public async Task OneVoteOfTwoSaysWhatIsMissing()
    {
        Server.Wanted = 2;

        var output = (await ApproveAsync()).Output;

        Assert.That(output, Does.EndWith("Under policy tier-1: seniors. Still missing: seniors 1/2."));
        Assert.That(output, Does.Not.Contain("retry").And.Not.Contain("again now"));
    }

    [Test]
    public async Task AnotherPersonsVetoStaysInTheWay()
    {
        Server.User = new Requester("carol", "", ["seniors"]);
        await Server.RunAsync("reject", RecordsServer.Change, "--yes", "--reason", "too late");
        Server.User = new Requester("alice", "", ["seniors"]);

        Assert.That((await ApproveAsync()).Output, Does.EndWith("Still missing: rejected by carol."));
    }

    [Test]
    public async Task AChangeThatCannotPassAsItIsSaysSoBeforeTheVote()
    {
        Server.Denials = ["ApprovalMissing", "ImageNotPinned"];

        var output = (await Server.RunAsync("show", RecordsServer.Change)).Output;

        Assert.That(
            output,
            Does.Contain(
                "Outlook   It cannot pass as it is: ImageNotPinned. The requester must change the pod template, and that needs a new approval."
            )
        );
    }

    [Test]
    public async Task WhatTimeResolvesDoesNotLoseTheApproval()
    {
        Server.Denials = ["ApprovalMissing", "Frozen"];

        Assert.That(
            (await ApproveAsync()).Output,
            Does.Contain("Under policy tier-1: seniors. An approval alone is not enough: Frozen at the last request.")
                .And.Not.Contain("Still missing")
        );
    }

    [Test]
    public async Task ASecondApprovalIsNotWritten()
    {
        await ApproveAsync();

        var again = await ApproveAsync();

        Assert.That((again.ExitCode, again.Error, Server.Votes.Count), Is.EqualTo((0, "", 1)), "the vote stands, as was wanted");
        Assert.That(
            again.Output,
            Does.Match(
                @"^Your vote stands: you voted Approve on \S+ at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \(changeapproval deployment-web-0\)\. "
                    + @"No other vote was written\. Nothing is missing: \S+ can send the same request again now\.$"
            )
        );
    }

    /// <summary>Nobody can send the same request again now: it must be requested first.</summary>
    [TestCase("Withdrawn")]
    [TestCase("Expired")]
    public async Task AVoteOnAChangeThatEndedWaitsForAnotherRequest(string phase)
    {
        await ApproveAsync();
        Server.Phase = phase;

        Assert.That(
            (await ApproveAsync()).Output,
            Does.EndWith($"The change is {phase} and waits for no vote: the vote counts if somebody requests it again.")
                .And.Not.Contain("it counts")
                .And.Not.Contain("nothing")
        );
    }

    [TestCase("show")]
    [TestCase("approve", "--yes")]
    public async Task AChangeThatAppearsAMomentAfterTheRefusalIsAwaited(string command, params string[] options)
    {
        Server.ReadsBeforeTheChange = 3;

        var run = await Server.RunAsync([command, RecordsServer.Change, .. options]);

        Assert.That(run.Error, Is.Empty);
        Assert.That(run.Output, Does.StartWith($"Change    {RecordsServer.Change}, Pending"));
    }

    [Test]
    public async Task AChangeThatDoesNotExistIsNotAwaitedForLong()
    {
        var run = await Server.RunAsync("show", "deployment-web-0000000000000000");

        Assert.That(
            (run.ExitCode, run.Error),
            Is.EqualTo(
                (
                    2,
                    "error: no change deployment-web-0000000000000000 in namespace shop; list them with: kubectl deployguard changes -n shop"
                )
            )
        );
    }

    [Test]
    public async Task FindingsAreThoseOfTheLastRequest()
    {
        Server.LastRequest = "2026-11-27T06:00:00Z";

        Assert.That(
            (await Server.RunAsync("show", RecordsServer.Change)).Output,
            Does.Contain("Findings  of the last request, at 2026-11-27T06:00:00Z:\n          ApprovalMissing (tier-1)")
        );
    }

    [Test]
    public async Task OnesOwnRejectionIsWithdrawnBeforeAnApproval()
    {
        await Server.RunAsync("reject", RecordsServer.Change, "--yes", "--reason", "too late");

        var run = await ApproveAsync();

        Assert.That((run.ExitCode, Server.Votes.Count), Is.EqualTo((1, 1)));
        Assert.That(run.Output, Does.Contain("Withdraw it first: kubectl deployguard withdraw deployment-web-0 -n shop"));
    }

    [Test]
    public async Task ARequesterWithdrawsTheirRequest()
    {
        Server.User = new Requester("dana", "", []);

        var run = await Server.RunAsync("withdraw", RecordsServer.Change, "--reason", "wrong branch");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That((string?)Server.Votes["deployment-web-0"]["spec"]?["decision"], Is.EqualTo("Withdraw"));
    }

    [Test]
    public async Task NobodyElseWithdrawsARequest()
    {
        Server.User = new Requester("erin", "", []);

        var run = await Server.RunAsync("withdraw", RecordsServer.Change);

        Assert.That((run.ExitCode, Server.Votes.Count), Is.EqualTo((2, 0)));
    }

    private Task<CommandRun> ApproveAsync() => Server.RunAsync("approve", RecordsServer.Change, "--yes", "--reason", "read it");
}
