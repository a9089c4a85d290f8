using System.CommandLine;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
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
            "Workload, named as for kubectl: deploy/web, Rollout.argoproj.io/web, or web if only one workload has the name; or, with "
            + "--waive Canary, a Service. Default: the whole namespace, which needs the verb breakglass-namespace.",
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
        Description =
            $"Safeguards to waive, separated by commas: {string.Join(", ", BreakGlass.Waivable)}. May be repeated. Default: Approval.",
        DefaultValueFactory = _ => ["Approval"],
    };
    private static readonly Option<string?> s_for = new("--for")
    {
        Description = "User name of a deploying machine that may use it besides you.",
    };
    private static readonly Option<string?> s_expiresIn = VoteOptions.ExpiresIn(
        $"How long it is valid, at most {(int)BreakGlass.MaxDuration.TotalHours}h. Default: {(int)BreakGlass.DefaultDuration.TotalHours}h."
    );
    private static readonly Option<bool> s_toBeCreated = new("--to-be-created")
    {
        Description = "The workload does not exist yet: the deploy creates it.",
    };

    public static Command Create(TimeProvider time)
    {
        var command = new Command(
            "breakglass",
            """
            Waive a workload's safeguards for a few hours, for an incident. Each use is recorded on its Change and counted, and raises an alert
            until another person reviews it with approve. A rollback needs no break-glass.

            Examples:
              kubectl deployguard breakglass deployment/web -n shop --incident INC-123 --reason "orders fail since 02:40, fix is in 2.3.1"
              kubectl deployguard breakglass deploy/web -n shop --incident INC-123 --reason "must be out at once" --waive Approval,Pace
            """
        )
        {
            s_workload,
            s_incident,
            s_reason,
            s_waive,
            s_for,
            s_expiresIn,
            s_toBeCreated,
        };
        s_cluster.AddTo(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, time, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        var expiresAt = VoteOptions.ExpiresAt(parsed.GetValue(s_expiresIn), time);
        var waives = Validated(parsed.GetRequiredValue(s_waive));
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var records = new RecordClient(api, @namespace);
        var workload = await WorkloadAsync(parsed, new WorkloadLookup(api, @namespace), cancel);
        RefuseUseless(workload, waives);
        var made = await records.BreakGlassAsync(
            new BreakGlass
            {
                Name = "",
                Namespace = @namespace,
                Workload = workload,
                Waives = waives,
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
        var waiting = await WaitingAsync(records, made, cancel);
        output.WriteLine(TerminalText.Printable(BreakGlassView.Of(made, waiting, parsed.GetValue(s_toBeCreated), time.GetUtcNow())));
        return 0;
    }

    /// <summary>
    /// The Changes that were refused: the deploy probably requests one of them again. The BreakGlass exists, whatever happens here.
    /// </summary>
    private static async Task<IReadOnlyList<Change>> WaitingAsync(RecordClient records, BreakGlass made, CancellationToken cancel)
    {
        try
        {
            return
            [
                .. (await records.ParsedChangesAsync(cancel)).Where(c =>
                    (made.Workload is null || c.Workload == made.Workload) && c.Phase is (Phase.Pending or Phase.Rejected)
                ),
            ];
        }
        catch (Exception unread) when (unread is ApiException or HttpRequestException)
        {
            return [];
        }
    }

    /// <summary>A Service runs no pods: of the safeguards, only Canary evaluates a change of it.</summary>
    private static void RefuseUseless(WorkloadRef? workload, IReadOnlyList<string> waives)
    {
        if (workload is { ApiGroup: "", Kind: "Service" } && !waives.Contains("Canary"))
        {
            throw new ManifestException(
                $"{workload.KubectlName}: a Service runs no pods, so {string.Join(", ", waives)} never refuses it. Name the workload behind it, "
                    + $"such as deployment/{workload.Name}; for a change of the Service itself, add --waive Canary"
            );
        }
    }

    /// <summary>Null for the whole namespace.</summary>
    private static async Task<WorkloadRef?> WorkloadAsync(ParseResult parsed, WorkloadLookup lookup, CancellationToken cancel)
    {
        if (parsed.GetValue(s_workload) is not { } what)
        {
            return null;
        }

        if (parsed.GetValue(s_toBeCreated))
        {
            return what.Contains('/', StringComparison.Ordinal)
                ? await lookup.ReadAsync(what, cancel)
                : throw new ManifestException($"{what}: with --to-be-created, name the kind too, such as deployment/{what}");
        }

        try
        {
            var found = await lookup.FindAsync(what, cancel);
            if (!found.IsKnownToExist)
            {
                parsed.InvocationConfiguration.Error.WriteLine($"note: you may not read {found.Workload}, so check its name yourself");
            }

            return found.Workload;
        }
        catch (ManifestException missing) when (what.Contains('/', StringComparison.Ordinal))
        {
            throw new ManifestException($"{missing.Message}. If the deploy creates it, add --to-be-created", missing);
        }
    }

    /// <summary>Each once, in the order given.</summary>
    private static IReadOnlyList<string> Validated(string[] given)
    {
        var waived = given.SelectMany(w => w.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToList();
        var known = waived.ConvertAll(w => BreakGlass.Waivable.FirstOrDefault(k => k.Equals(w, StringComparison.OrdinalIgnoreCase)));
        var wrong = known.IndexOf(null);
        return wrong < 0 && waived.Count > 0
            ? [.. known.OfType<string>().Distinct()]
            : throw new ManifestException(
                $"--waive {(wrong < 0 ? "without a name" : waived[wrong])}: expected one of {string.Join(", ", BreakGlass.Waivable)}"
            );
    }
}
