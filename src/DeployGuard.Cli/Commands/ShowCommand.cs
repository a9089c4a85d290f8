using System.CommandLine;
using DeployGuard.Cli.Views;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard show</c>: shows everything that one Change would change, without a vote.</summary>
internal static class ShowCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_change = new("CHANGE") { Description = "Name of a Change." };
    private static readonly Option<bool> s_full = VoteOptions.Full();

    public static Command Create()
    {
        var command = new Command(
            "show",
            """
            Show one change: who requested it, who voted and why, what it waits for, whether it can pass as it is, and every field that
            differs, with every line that is new or removed. Control characters are shown by name. On a terminal, a text that is longer than
            the screen goes through $PAGER, or through less or more where PAGER is not set; an empty PAGER turns that off.
            Exit code 1: the complete template is not on record, or you may not read it. That of an adopted revision is never on record: exit code 0.

            Examples:
              kubectl deployguard show deployment-web-7f9c2ab41d03e6aa -n shop
              kubectl deployguard show deployment-web-7f9c2ab41d03e6aa -n shop --full
            """
        )
        {
            s_change,
            s_full,
        };
        s_cluster.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var records = new RecordClient(api, @namespace);
        var change = await records.FindChangeAsync(
            parsed.GetValue(s_change) ?? throw new ManifestException("pass the name of a Change"),
            cancel
        );
        var target = await records.VoteTargetAsync(change, parsed.GetValue(s_full), cancel);
        await Pager.WriteAsync(parsed.InvocationConfiguration.Output, target.Description, cancel);
        return target.IsShownInFull || target.NeedsNoApproval ? 0 : ExitCodes.Refused;
    }
}
