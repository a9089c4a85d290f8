using System.CommandLine;
using System.Net;
using System.Text.Json;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard report</c>: what the policies in mode Audit or Warn would refuse if they enforced.</summary>
internal static class ReportCommand
{
    private static readonly JsonSerializerOptions s_indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static readonly ClusterFlags s_cluster = new();
    private static readonly Option<bool> s_all = new("--all-namespaces", "-A") { Description = "Report on all namespaces." };
    private static readonly Option<string?> s_policy = new("--policy") { Description = "Only the findings of this policy." };
    private static readonly Option<string> s_output = OutputOption();

    public static Command Create(TimeProvider time)
    {
        var command = new Command(
            "report",
            """
            Show what the policies in mode Audit or Warn would have refused if they enforced: by namespace, policy, safeguard and reason, since
            when, and the newest example. It reads the Changes on record.

            Examples:
              kubectl deployguard report -A
              kubectl deployguard report -n shop --policy baseline
              kubectl deployguard report -A -o json
            """
        )
        {
            s_all,
            s_policy,
            s_output,
        };
        s_cluster.AddTo(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, time, cancel));
        return command;
    }

    private static Option<string> OutputOption()
    {
        var option = new Option<string>("--output", "-o") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        option.AcceptOnlyFromAmong("text", "json");
        return option;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var isForAll = parsed.GetValue(s_all);
        var changes = new List<ChangeView>();
        await api.ListAsync(
            isForAll ? ApiPaths.AllChanges : ApiPaths.Changes(@namespace),
            item => changes.Add(new ChangeView(item)),
            cancel
        );
        var modes = await ModesAsync(api, cancel);
        var policy = parsed.GetValue(s_policy);
        RequirePolicy(policy, modes, changes);

        if (!isForAll && changes.Count == 0)
        {
            await NamespaceArgument.RequireAsync(api, @namespace, parsed.InvocationConfiguration.Error, cancel);
        }

        var report = AuditReport.Of(changes, modes, policy);
        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(s_output) == "json")
        {
            output.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        items = report.Rows,
                        changes = changes.Count,
                        leftOut = report.LeftOut,
                        notIncluded = AuditReport.Limits,
                    },
                    s_indented
                )
            );
            return 0;
        }

        var scope = isForAll ? "in all namespaces" : $"in namespace {@namespace}";
        output.WriteLine(AuditReportText.Of(report, changes.Count, scope, modes is not null, time.GetUtcNow()));
        return 0;
    }

    /// <summary>No finding of a policy that does not exist would be false comfort.</summary>
    /// <param name="modes">Null if the user may not list policies.</param>
    private static void RequirePolicy(string? policy, IReadOnlyDictionary<string, Mode>? modes, IEnumerable<ChangeView> changes)
    {
        if (policy is null || (modes ?? RecordedModes.In(changes)).ContainsKey(policy))
        {
            return;
        }

        throw new ManifestException(
            modes is null
                ? $"--policy {policy}: no change on record names this policy, and you may not list policies; check its name"
                : $"--policy {policy}: no such policy; to list them, run: kubectl get safeguardpolicies"
        );
    }

    /// <summary>Null if the user may not list policies.</summary>
    private static async Task<IReadOnlyDictionary<string, Mode>?> ModesAsync(ApiConnection api, CancellationToken cancel)
    {
        var modes = new Dictionary<string, Mode>(StringComparer.Ordinal);
        try
        {
            await api.ListAsync(
                ApiPaths.Policies,
                item =>
                {
                    var policy = PolicyReader.Read(item);
                    modes.TryAdd(policy.Name, policy.Mode);
                },
                cancel
            );
            return modes;
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return null;
        }
    }
}
