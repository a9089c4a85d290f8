using System.CommandLine;
using DeployGuard.Cli.Views;
using DeployGuard.Kubernetes;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard status</c>: shows how many pods of a pool run each revision, and what the next step waits for.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_workload = new("WORKLOAD") { Description = "kind/name, such as deployment/web." };
    private static readonly Option<bool> s_watch = new("--watch", "-w") { Description = "Follow it until its revision is proven." };

    public static Command Create(TimeProvider time)
    {
        var command = new Command(
            "status",
            """
            Show the rollout of a workload's revision: its pools, the revisions that run there, the current canary step, and what the next step
            waits for.

            Examples:
              kubectl deployguard status deployment/web -n shop
              kubectl deployguard status deployment/web-canary -n shop --watch
            """
        )
        {
            s_workload,
            s_watch,
        };
        s_cluster.AddTo(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, time, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var workload = VoteTarget.ReadWorkload(parsed.GetRequiredValue(s_workload), @namespace);
        var reader = new PoolReader(api, await ConfiguredWorkloadReader.OfAsync(api, cancel), time);
        var shown = "";
        while (true)
        {
            var standings = await reader.ReadAsync(@namespace, cancel);
            var text = TerminalText.Printable(PoolView.Of(workload, standings));
            if (text != shown)
            {
                output.WriteLine(shown.Length > 0 ? $"\n{text}" : text);
                shown = text;
            }

            if (!parsed.GetValue(s_watch) || standings.Where(s => s.Workload == workload).All(s => s.IsProven))
            {
                return 0;
            }

            await Task.Delay(s_interval, time, cancel);
        }
    }
}
