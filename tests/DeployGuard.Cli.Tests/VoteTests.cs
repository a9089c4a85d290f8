using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using DeployGuard.Core.Identities;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard reject</c>, as a monitor runs it, and <c>withdraw</c>, also by users who may no longer vote.</summary>
public class VoteTests
{
    private static readonly Requester s_alice = new("alice", "", ["seniors"]);
    private static readonly Requester s_monitor = new("system:serviceaccount:monitoring:judge", "", ["system:serviceaccounts"]);

    private RecordsServer? _server;

    private RecordsServer Server => _server ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync() => _server = await RecordsServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await Server.DisposeAsync();

    [Test]
    public async Task AMonitorRejectsACanaryWithTheCommandOfTheDocs()
    {
        var docs = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "canary.md"));
        var flags = Regex.Match(docs, @"kubectl deployguard reject \{\} -n shop (--yes .+)").Groups[1].Value;
        Server.User = s_monitor;

        var run = await Server.RunAsync(["reject", RecordsServer.Change, .. CommandLineParser.SplitCommandLine(flags)]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(
            run.Output,
            Does.Contain("Workload  Deployment shop/web")
                .And.EndWith(
                    $"Rejected as {s_monitor.Username}: changeapproval deployment-web-0. To withdraw it, run: kubectl "
                        + "deployguard withdraw deployment-web-0 -n shop"
                )
        );
        var spec = Server.Votes["deployment-web-0"]["spec"];
        Assert.That(
            ((string?)spec?["decision"], (string?)spec?["reason"], (string?)spec?["templateHash"]),
            Is.EqualTo(("Reject", "OrdersDropped fires", "v1:" + new string('0', 64)))
        );
    }

    [TestCase("", '0', "v1:", TestName = "{m}(of a record of version 0.2)")]
    [TestCase("", '1', "v2:", TestName = "{m}(before there is a Change)")]
    [TestCase("v1:", '1', "v1:", TestName = "{m}(with its version)")]
    [TestCase("v2:", '0', "v2:", TestName = "{m}(with today's version)")]
    public async Task AHashMayHaveItsVersionOrNot(string version, char digit, string expected)
    {
        var digits = new string(digit, 64);

        var run = await Server.RunAsync("reject", "deployment/web", "--hash", version + digits, "--yes", "--reason", "no");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That((string?)Server.Votes["deployment-web-0"]["spec"]?["templateHash"], Is.EqualTo(expected + digits));
    }

    [TestCase("v3:")]
    [TestCase("0")]
    public async Task TextThatIsNotAHashIsRefused(string before) =>
        Assert.That(
            (await Server.RunAsync("reject", "deployment/web", "--hash", before + new string('0', 64), "--yes", "--reason", "no")).Error,
            Does.Contain("expected 64 lower-case hex digits")
        );

    [Test]
    public async Task AMonitorThatNoPolicyListsIsNotEligible()
    {
        Server.User = s_monitor with { Username = "system:serviceaccount:monitoring:other" };
        var run = await RejectAsync();

        Assert.That((run.ExitCode, Server.Votes.Count), Is.EqualTo((1, 0)));
        Assert.That(
            run.Error,
            Is.EqualTo(
                "error: NotEligible: a veto of system:serviceaccount:monitoring:other would not count: they are in none of the "
                    + "approving groups (seniors), and not listed under approval.monitors"
            )
        );
    }

    [Test]
    public async Task AMonitorCannotApprove()
    {
        Server.User = s_monitor;

        Assert.That(
            (await Server.RunAsync("approve", RecordsServer.Change, "--yes")).Error,
            Does.StartWith($"error: MachineIdentity: {s_monitor.Username} is a machine; only people can approve")
        );
    }

    [Test]
    public async Task AVetoNeedsAReason()
    {
        var run = await Server.RunAsync("reject", RecordsServer.Change, "--yes");

        Assert.That(
            (run.ExitCode, run.Error, Server.Votes.Count),
            Is.EqualTo((2, "error: --reason: a veto needs a reason, which the requester reads", 0))
        );
    }

    [Test]
    public async Task AVoterWhoLeftTheGroupCanWithdrawTheirVotes()
    {
        await Server.RunAsync("approve", RecordsServer.Change, "--yes");
        await RejectAsync();
        Server.User = s_alice with { Groups = ["developers"] };

        var run = await WithdrawAsync(RecordsServer.Change);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(
            run.Output.Split('\n'),
            Is.EqualTo(
                new[]
                {
                    "Your vote Approve, changeapproval deployment-web-0, stays. To withdraw it too, run: kubectl deployguard withdraw "
                        + "deployment-web-0 -n shop",
                    "Withdrawn: Reject of Deployment shop/web by alice, changeapproval deployment-web-1.",
                }
            )
        );
        Assert.That((await WithdrawAsync(RecordsServer.Change)).ExitCode, Is.Zero);
        Assert.That(Server.Votes, Is.Empty);
    }

    /// <summary>An expired review stays a review, so the answer must not say that it was taken back.</summary>
    [Test]
    public async Task AnExpiredVoteIsDeletedAndNotWithdrawn()
    {
        await Server.RunAsync("approve", RecordsServer.Change, "--yes");
        Server.Votes.Values.Single()["spec"]!["expiresAt"] = "2026-11-01T00:00:00Z";

        Assert.That(
            (await WithdrawAsync(RecordsServer.Change)).Output,
            Does.StartWith("Deleted: Approve of Deployment shop/web by alice").And.Contains("expired at 2026-11-01T00:00:00Z")
        );
        Assert.That(Server.Votes, Is.Empty);
    }

    [Test]
    public async Task AVoterFindsTheirVoteEvenIfTheServerDoesNotTellUserNames()
    {
        Server.TellsUserNames = false;
        await RejectAsync();

        Assert.That(
            (await WithdrawAsync(RecordsServer.Change)).Output,
            Is.EqualTo("Withdrawn: Reject of Deployment shop/web by alice, changeapproval deployment-web-0.")
        );
        Assert.That(Server.Votes, Is.Empty);
    }

    [Test]
    public async Task OtherwiseAVoterWhoLeftTheGroupMustNameTheVote()
    {
        Server.TellsUserNames = false;
        await RejectAsync();
        Server.User = s_alice with { Groups = [] };

        var unknown = await WithdrawAsync(RecordsServer.Change);
        Assert.That((unknown.ExitCode, Server.Votes.Count), Is.EqualTo((2, 1)));
        Assert.That(
            unknown.Error,
            Does.EndWith("Withdraw the ChangeApproval by its name; to list them, run: kubectl get changeapprovals -n shop")
        );

        Assert.That((await WithdrawAsync("deployment-web-0")).ExitCode, Is.Zero);
        Assert.That(Server.Votes, Is.Empty);
    }

    [Test]
    public async Task TheLastRequesterToWithdrawIsNotToldToWaitForTheOthers()
    {
        (Server.Phase, Server.Requesters) = ("Pending", ["dana", "eve"]);
        Server.User = new Requester("dana", "", []);
        var first = await WithdrawAsync(RecordsServer.Change);
        Server.User = new Requester("eve", "", []);
        var last = await WithdrawAsync(RecordsServer.Change);

        Assert.That(first.Output, Does.EndWith("It ends once all who requested it have withdrawn it: also eve."));
        Assert.That(last.Output, Does.StartWith("Withdrawn: the request").And.EndsWith("may be requested again."));
    }

    [Test]
    public async Task AnotherVotersVoteIsNeitherFoundNorDeleted()
    {
        await RejectAsync();
        Server.User = new Requester("bob", "", ["seniors"]);

        Assert.That(
            (await WithdrawAsync(RecordsServer.Change)).Error,
            Is.EqualTo("error: bob has no vote on this change, and no request that waits")
        );
        Assert.That(
            (await WithdrawAsync("deployment-web-0")).Error,
            Is.EqualTo("error: NotCreator: only alice, or a user with the verb override, can withdraw it")
        );
        Assert.That(Server.Votes, Has.Count.EqualTo(1));
    }

    private Task<CommandRun> RejectAsync() => Server.RunAsync("reject", RecordsServer.Change, "--yes", "--reason", "wrong prices");

    private Task<CommandRun> WithdrawAsync(string what) => Server.RunAsync("withdraw", what);
}
