using System.CommandLine;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary><c>deployguard show</c>: all that one Change would change, without a vote.</summary>
internal static class ShowCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_change = new("CHANGE") { Description = "Name of a Change." };

    public static Command Create()
    {
        var command = new Command("show", """
            Show one change whole: who asked, what is missing, and every field that differs, no value cut.
            Control characters are named instead of printed. Exits with 1 if the whole template is not on record.

            Example:
              kubectl deployguard show deployment-web-7f9c2ab41d03e6aa -n shop
            """)
        {
            s_change,
        };
        s_cluster.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var records = new Records(api, @namespace);
        var change = await records.FindChangeAsync(parsed.GetValue(s_change) ?? throw new ManifestException("give a Change"), cancel);
        var subject = await records.SubjectAsync(change, cancel);
        await Pager.WriteAsync(parsed.InvocationConfiguration.Output, subject.Description, cancel);
        return subject.IsShownWhole ? 0 : Shell.Refused;
    }
}
