using System.CommandLine;
using System.Net;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard status</c>: shows how many pods of a pool run each revision, and what the next step waits for.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_workload = new("WORKLOAD")
    {
        Description = "Workload, named as for kubectl: deploy/web, Rollout.argoproj.io/web, or web if only one workload has the name.",
    };
    private static readonly Option<bool> s_watch = new("--watch", "-w") { Description = "Follow it until its revision is proven." };

    public static Command Create(TimeProvider time)
    {
        var command = new Command(
            "status",
            """
            Show the rollout of a workload's revision: its pools, the revisions that run there, the current canary step, and what the next step
            waits for. --watch draws it again in place; where the output is no terminal, it prints each state that differs. Users who may not
            read policies see what the Changes record.

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
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var workload = (await new WorkloadLookup(api, @namespace).FindAsync(parsed.GetRequiredValue(s_workload), cancel)).Workload;
        var reader = new PoolReader(api, await ConfiguredWorkloadReader.OfAsync(api, cancel), time);
        var view = Redrawing.On(parsed.InvocationConfiguration.Output);
        while (true)
        {
            var records = new RecordClient(api, @namespace);
            var (parts, isDone) = await DrawAsync(workload, records, reader, api, time, cancel);
            view.Show(TerminalText.Printable(string.Join('\n', parts)));
            if (!parsed.GetValue(s_watch) || isDone)
            {
                return 0;
            }

            await Task.Delay(s_interval, time, cancel);
        }
    }

    private static async Task<(IReadOnlyList<string> Parts, bool IsDone)> DrawAsync(
        WorkloadRef workload,
        RecordClient records,
        PoolReader reader,
        ApiConnection api,
        TimeProvider time,
        CancellationToken cancel
    )
    {
        try
        {
            var standings = await reader.ReadAsync(records.Namespace, cancel);
            var own = standings.Where(s => s.Workload == workload).ToList();
            return (
                [
                    own.Count > 0 ? PoolView.Of(workload, standings) : await new NoCanary(api, time).ExplainAsync(workload, cancel),
                    .. ReviewAdvice.OfAll(workload, await records.ParsedChangesAsync(cancel)),
                ],
                own.All(s => s.IsProven)
            );
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            // Users who may not list Changes either get the refusal of that.
            var changes = (await records.ChangesAsync(cancel)).Select(c => c.Parsed).OfType<Change>().ToList();
            return (
                [
                    .. RecordedRollout.Of(workload, changes, time.GetUtcNow()),
                    $"Not shown, because you may not read it: the policies, and the pools with their pods as they are now. {MissingRight.Explain(refused)}",
                    .. ReviewAdvice.OfAll(workload, changes),
                ],
                !RecordedRollout.IsRunning(workload, changes)
            );
        }
    }
}
