using System.CommandLine;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Identities;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary>
/// <c>deployguard breakglass</c>: waives a workload's safeguards for a few hours, for an incident. Every use is on record.
/// </summary>
internal static class BreakGlassCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string?> s_workload = new("WORKLOAD")
    {
        Description =
            "kind/name, such as deployment/web or service/web. Default: the whole namespace, which needs the verb breakglass-namespace.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private static readonly Option<string> s_incident = new("--incident")
    {
        Description = "Ticket or page of the incident.",
        Required = true,
    };
    private static readonly Option<string> s_reason = new("--reason")
    {
        Description = "What must be done now; the reviewer reads it.",
        Required = true,
    };
    private static readonly Option<string[]> s_waive = new("--waive")
    {
        Description = $"Safeguard to waive: {string.Join(", ", BreakGlass.Waivable)}. May be repeated. Default: Approval.",
        DefaultValueFactory = _ => ["Approval"],
    };
    private static readonly Option<string?> s_for = new("--for")
    {
        Description = "User name of a deploying machine that may use it besides you.",
    };
    private static readonly Option<string?> s_expiresIn = VoteOptions.ExpiresIn(
        $"How long it is valid, at most {(int)BreakGlass.MaxDuration.TotalHours}h. Default: {(int)BreakGlass.DefaultDuration.TotalHours}h."
    );

    public static Command Create(TimeProvider time)
    {
        var command = new Command(
            "breakglass",
            """
            Waive a workload's safeguards for a few hours, for an incident. Each use is recorded on its Change and counted, and raises an alert
            until another person reviews it with approve. A rollback needs no break-glass.

            Example:
              kubectl deployguard breakglass deployment/web -n shop --incident INC-123 --reason "orders fail since 02:40, fix is in 2.3.1"
            """
        )
        {
            s_workload,
            s_incident,
            s_reason,
            s_waive,
            s_for,
            s_expiresIn,
        };
        s_cluster.AddTo(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, time, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        var expiresAt = VoteOptions.ExpiresAt(parsed.GetValue(s_expiresIn), time);
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var made = await new RecordClient(api, @namespace).BreakGlassAsync(
            new BreakGlass
            {
                Name = "",
                Namespace = @namespace,
                Workload = parsed.GetValue(s_workload) is { } workload ? VoteTarget.ReadWorkload(workload, @namespace) : null,
                Waives = Validated(parsed.GetRequiredValue(s_waive)),
                Incident = parsed.GetRequiredValue(s_incident),
                Reason = parsed.GetRequiredValue(s_reason),
                For = parsed.GetValue(s_for) ?? "",
                CreatedAt = time.GetUtcNow(),
                ExpiresAt = DateTimeOffset.MaxValue,
                RequestedBy = new Requester("", "", []),
            },
            expiresAt,
            cancel
        );
        var users = made.For.Length > 0 ? $"{made.RequestedBy.Username} and {made.For}" : made.RequestedBy.Username;
        parsed.InvocationConfiguration.Output.WriteLine(
            $"BreakGlass {made.Name} waives {string.Join(", ", made.Waives)} of "
                + $"{(made.Workload is { } w ? w.ToString() : $"every workload in namespace {@namespace}")} for {users} until "
                + $"{made.ExpiresAt:u}.\n"
                + "Retry your deploy. Then ask another person to review it: the deploy's warning names the change to approve."
        );
        return 0;
    }

    private static string[] Validated(string[] waived)
    {
        var unknown = waived.Where(w => !BreakGlass.Waivable.Contains(w)).ToList();
        return unknown.Count == 0
            ? waived
            : throw new ManifestException($"--waive {unknown[0]}: expected one of {string.Join(", ", BreakGlass.Waivable)}");
    }
}
