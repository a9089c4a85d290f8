using System.CommandLine;
using System.Text.Json.Nodes;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Files;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli;

/// <summary><c>deployguard approve</c>: shows what is about to be approved, asks, and writes a ChangeApproval.</summary>
internal static class ApproveCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_what = new("CHANGE") { Description = "Name of a Change; or kind/name of a workload, with --hash, ahead of one." };
    private static readonly Option<string?> s_hash = new("--hash") { Description = "The template's hash, 64 hex digits, as a refused dry run names it." };
    private static readonly Option<string?> s_reason = new("--reason") { Description = "Why, for the record." };
    private static readonly Option<string?> s_expiresIn = new("--expires-in") { Description = "How long it counts, such as 4h; the policy's maxAge is the limit." };
    private static readonly Option<bool> s_yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Create(TimeProvider time)
    {
        var command = new Command("approve", """
            Approve one revision of one workload, after a look at it.

            Examples:
              kubectl deployguard approve deployment-web-7f9c2ab41d03e6aa -n shop
              kubectl deployguard approve deployment/web -n shop --hash 3b0c... --yes --reason "read the diff"
            """)
        {
            s_what, s_hash, s_reason, s_expiresIn, s_yes,
        };
        s_cluster.AddTo(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, time, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        var (api, @namespace) = await s_cluster.OpenAsync(parsed);
        using var connection = api;
        var expiresAt = ExpiresAt(parsed.GetValue(s_expiresIn), time);
        var subject = await FindAsync(api, parsed.GetRequiredValue(s_what), parsed.GetValue(s_hash), @namespace, cancel);
        output.WriteLine(subject.Description);
        if (!parsed.GetValue(s_yes) && !Asked(output))
        {
            output.WriteLine("Nothing was approved.");
            return Shell.Refused;
        }

        var approval = Approval(subject, parsed.GetValue(s_reason), expiresAt);
        using var written = await api.WriteAsync(
            HttpMethod.Post, $"apis/deployguard.io/v1alpha1/namespaces/{@namespace}/changeapprovals", approval.ToJsonString(), cancel);
        output.WriteLine($"Approved as {written.RootElement.GetProperty("spec").GetProperty("approver").GetProperty("username")}: "
            + $"changeapproval {written.RootElement.GetProperty("metadata").GetProperty("name")}. Whoever asked can now run the same command again.");
        return 0;
    }

    private static async Task<Subject> FindAsync(ApiConnection api, string what, string? hash, string @namespace, CancellationToken cancel)
    {
        if (what.Split('/') is [var kind, var name])
        {
            return Subject.Ahead(kind, name, @namespace, hash ?? throw new ManifestException($"{what}: a workload is approved with --hash; a Change is named alone"));
        }

        using var found = await api.FindAsync($"apis/deployguard.io/v1alpha1/namespaces/{@namespace}/changes/{what}", cancel)
            ?? throw new ManifestException($"no change {what} in namespace {@namespace}; list them with: kubectl deployguard changes -n {@namespace}");
        return Subject.Of(new ChangeView(found.RootElement));
    }

    /// <summary>Without a terminal nobody can have looked, and a pipe must not say yes.</summary>
    private static bool Asked(TextWriter output)
    {
        if (Console.IsInputRedirected)
        {
            throw new ManifestException("there is no terminal to ask on; look at the change, then pass --yes");
        }

        output.Write("Approve exactly this? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static DateTimeOffset? ExpiresAt(string? text, TimeProvider time) =>
        text is null ? null
        : Durations.TryParse(text, out var duration) && duration > TimeSpan.Zero ? time.GetUtcNow() + duration
        : throw new ManifestException($"--expires-in {text}: not a duration such as 4h or 90m");

    private static JsonObject Approval(Subject subject, string? reason, DateTimeOffset? expiresAt)
    {
        var workload = new JsonObject { ["kind"] = subject.Workload.Kind, ["name"] = subject.Workload.Name };
        if (subject.Workload.ApiGroup.Length > 0)
        {
            workload["apiGroup"] = subject.Workload.ApiGroup;
        }

        var spec = new JsonObject
        {
            ["workload"] = workload,
            ["templateHash"] = subject.TemplateHash,
            ["decision"] = nameof(Decision.Approve),
        };
        if (subject.Images.Count > 0)
        {
            spec["images"] = new JsonArray([.. subject.Images.Select(i => JsonValue.Create(i))]);
        }

        if (!string.IsNullOrEmpty(reason))
        {
            spec["reason"] = reason;
        }

        if (expiresAt is { } end)
        {
            spec["expiresAt"] = end.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        }

        return new JsonObject
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = ApprovalReader.Kind,
            ["metadata"] = new JsonObject { ["generateName"] = $"{subject.Workload.Kind.ToLowerInvariant()}-{subject.Workload.Name}-" },
            ["spec"] = spec,
        };
    }
}
