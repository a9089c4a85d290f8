using System.CommandLine;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Identities;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary><c>deployguard breakglass</c>: for a few hours, lets its maker pass a workload's safeguards, for an incident and on record.</summary>
internal static class BreakGlassCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string?> s_workload = new("WORKLOAD") { Description = "kind/name, also service/name; left out for the whole namespace, which needs the verb breakglass-namespace.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string> s_incident = new("--incident") { Description = "The ticket or page that this is for.", Required = true };
    private static readonly Option<string> s_reason = new("--reason") { Description = "What must be done now, for whoever reviews it.", Required = true };
    private static readonly Option<string[]> s_waive = new("--waive") { Description = $"What is waived: {string.Join(", ", BreakGlass.Waivable)}. May be repeated. Default: Approval.", DefaultValueFactory = _ => ["Approval"] };
    private static readonly Option<string?> s_for = new("--for") { Description = "User name of a deploying machine that it serves besides you." };
    private static readonly Option<string?> s_expiresIn = VoteOptions.ExpiresIn($"How long it holds, {(int)BreakGlass.MaxDuration.TotalHours}h at most. Default: {(int)BreakGlass.DefaultDuration.TotalHours}h.");

    public static Command Create(TimeProvider time)
    {
        var command = new Command("breakglass", """
            Pass a workload's safeguards for a few hours, for an incident. Every use is on the Change, counted and alerted, until somebody else
            reviews it with approve. Rolling back needs none of this.

            Example:
              kubectl deployguard breakglass deployment/web -n shop --incident INC-123 --reason "orders fail since 02:40, fix is in 2.3.1"
            """)
        {
            s_workload, s_incident, s_reason, s_waive, s_for, s_expiresIn,
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
        var made = await new Records(api, @namespace).BreakGlassAsync(
            new BreakGlass
            {
                Name = "",
                Namespace = @namespace,
                Workload = parsed.GetValue(s_workload) is { } workload ? VoteTarget.ReadWorkload(workload, @namespace) : null,
                Waives = Known(parsed.GetRequiredValue(s_waive)),
                Incident = parsed.GetRequiredValue(s_incident),
                Reason = parsed.GetRequiredValue(s_reason),
                For = parsed.GetValue(s_for) ?? "",
                CreatedAt = time.GetUtcNow(),
                ExpiresAt = DateTimeOffset.MaxValue,
                RequestedBy = new Requester("", "", []),
            },
            expiresAt,
            cancel);
        var serves = made.For.Length > 0 ? $"{made.RequestedBy.Username} and {made.For}" : made.RequestedBy.Username;
        parsed.InvocationConfiguration.Output.WriteLine(
            $"BreakGlass {made.Name} waives {string.Join(", ", made.Waives)} of {(made.Workload is { } w ? w.ToString() : $"everything in {@namespace}")} for {serves} until {made.ExpiresAt:u}.\n"
            + "Run your deploy again. Then ask another person to review it: the warning names the change to approve.");
        return 0;
    }

    private static string[] Known(string[] waived)
    {
        var unknown = waived.Where(w => !BreakGlass.Waivable.Contains(w)).ToList();
        return unknown.Count == 0 ? waived : throw new ManifestException($"--waive {unknown[0]}: there are {string.Join(", ", BreakGlass.Waivable)}");
    }
}
