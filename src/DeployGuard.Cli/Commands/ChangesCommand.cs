using System.CommandLine;
using System.Text.Json;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard changes</c>: lists changes. Those that await a vote come first, then the newest.</summary>
internal static class ChangesCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Option<bool> s_all = new("--all-namespaces", "-A") { Description = "List the changes of all namespaces." };
    private static readonly Option<Phase?> s_phase = new("--phase") { Description = "Only changes in this phase." };
    private static readonly Option<bool> s_unreviewed = new("--unreviewed")
    {
        Description = "Only changes that were admitted by break-glass and are not reviewed yet.",
    };
    private static readonly Option<bool> s_json = new("--json") { Description = "Print the objects as JSON." };

    public static Command Create(TimeProvider time)
    {
        var command = new Command(
            "changes",
            """
            List the changes on record. Those that wait for approval come first.

            Examples:
              kubectl deployguard changes -A --phase Pending
              kubectl deployguard changes -n shop
              kubectl deployguard changes -A --unreviewed
            """
        )
        {
            s_all,
            s_phase,
            s_unreviewed,
            s_json,
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
        var path = parsed.GetValue(s_all) ? ApiPaths.AllChanges : ApiPaths.Changes(@namespace);
        using var list = await api.GetAsync(path, cancel);
        var phase = parsed.GetValue(s_phase)?.ToString();
        var changes = list
            .RootElement.GetProperty("items")
            .EnumerateArray()
            .Select(item => new ChangeView(item))
            .Where(c => phase is null || c.Phase == phase)
            .Where(c => !parsed.GetValue(s_unreviewed) || c.Parsed is { AwaitsReview: true })
            .OrderBy(c => c.AwaitsVote ? 0 : 1)
            .ThenByDescending(c => c.CreatedAt)
            .ToList();
        if (parsed.GetValue(s_json))
        {
            output.WriteLine(JsonSerializer.Serialize(changes.Select(c => c.Json)));
            return 0;
        }

        if (changes.Count == 0)
        {
            if (!parsed.GetValue(s_all))
            {
                await NamespaceArgument.RequireAsync(api, @namespace, parsed.InvocationConfiguration.Error, cancel);
            }

            output.WriteLine("No changes found.");
            return 0;
        }

        var now = time.GetUtcNow();
        output.WriteLine(
            Table.Of(
                ["NAMESPACE", "CHANGE", "PHASE", "ORIGIN", "REQUESTER", "MISSING", "AGE"],
                changes.Select(c =>
                    (string[])
                        [c.Namespace, c.Name, c.Phase, c.Origin, string.Join(",", c.Requesters), c.Missing, Table.Age(now - c.CreatedAt)]
                )
            )
        );
        return 0;
    }
}
