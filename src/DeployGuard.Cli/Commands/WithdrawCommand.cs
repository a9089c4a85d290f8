using System.CommandLine;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard withdraw</c>: deletes your own votes on a Change, or one ChangeApproval by its name.</summary>
internal static class WithdrawCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_what = new("CHANGE")
    {
        Description = "Name of a Change, to withdraw your own votes on it; or of one ChangeApproval.",
    };

    public static Command Create()
    {
        var command = new Command(
            "withdraw",
            """
            Withdraw your votes on a Change. To withdraw another person's vote, you need the verb override and the name of the ChangeApproval.

            Examples:
              kubectl deployguard withdraw deployment-web-7f9c2ab41d03e6aa -n shop
              kubectl deployguard withdraw deployment-web-x7k2p -n shop
            """
        )
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
        var records = new RecordClient(api, @namespace);
        var votes = await records.ApprovalsAsync(cancel);
        var found = votes.Where(v => v.Name == what).ToList();
        if (found.Count == 0)
        {
            found = await MineAsync(records, VoteTarget.Of(await records.FindChangeAsync(what, cancel), TemplateView.Empty), votes, cancel);
        }

        foreach (var vote in found)
        {
            await records.WithdrawAsync(vote, cancel);
            output.WriteLine($"Withdrawn: {vote.Decision} of {vote.Workload} by {vote.Approver.Username}, changeapproval {vote.Name}.");
        }

        return 0;
    }

    private static async Task<List<Approval>> MineAsync(
        RecordClient records,
        VoteTarget target,
        IReadOnlyList<Approval> votes,
        CancellationToken cancel
    )
    {
        var me = await records.WhoAmIAsync(target, cancel);
        var mine = votes.Where(v => target.IsTargetOf(v) && v.Approver.Username == me).ToList();
        return mine.Count > 0 ? mine : throw new ManifestException($"{me} has no vote on this change");
    }
}
