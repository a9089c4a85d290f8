using System.CommandLine;
using DeployGuard.Kubernetes.Files;
using DeployGuard.Core.Approvals;

namespace DeployGuard.Cli;

/// <summary><c>deployguard withdraw</c>: takes one's own votes on a Change back, or one ChangeApproval by its name.</summary>
internal static class WithdrawCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_what = new("CHANGE") { Description = "Name of a Change, for your own votes on it; or of a ChangeApproval, for that one." };

    public static Command Create()
    {
        var command = new Command("withdraw", """
            Take back your votes on a Change. Somebody else's vote needs the verb override, and its own name.

            Examples:
              kubectl deployguard withdraw deployment-web-7f9c2ab41d03e6aa -n shop
              kubectl deployguard withdraw deployment-web-x7k2p -n shop
            """)
        {
            s_what,
        };
        s_cluster.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        var what = parsed.GetRequiredValue(s_what);
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var records = new Records(api, @namespace);
        var votes = await records.ApprovalsAsync(cancel);
        var found = votes.Where(v => v.Name == what).ToList();
        if (found.Count == 0)
        {
            found = await MineAsync(records, VoteTarget.Of(await records.FindChangeAsync(what, cancel), ShownChange.Nothing), votes, cancel);
        }

        foreach (var vote in found)
        {
            await records.WithdrawAsync(vote, cancel);
            output.WriteLine($"Withdrawn: {vote.Decision} of {vote.Workload} by {vote.Approver.Username}, changeapproval {vote.Name}.");
        }

        return 0;
    }

    private static async Task<List<Approval>> MineAsync(Records records, VoteTarget subject, IReadOnlyList<Approval> votes, CancellationToken cancel)
    {
        var me = await records.WhoAmIAsync(subject, cancel);
        var mine = votes.Where(v => subject.IsMeantBy(v) && v.Approver.Username == me).ToList();
        return mine.Count > 0 ? mine : throw new ManifestException($"{me} has no vote on this change");
    }
}
