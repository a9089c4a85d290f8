using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using DeployGuard.Cluster.Files;
using DeployGuard.Core;
using DeployGuard.Core.Changes;

namespace DeployGuard.Cli;

/// <summary><c>deployguard check</c>: the verdict and message of the webhook, for files, without a cluster.</summary>
internal static class CheckCommand
{
    private static readonly Option<string[]> s_files = new("--filename", "-f")
    {
        Description = "Files, folders, or - for standard input: workloads, and with them policies, Namespaces, ChangeApprovals, BreakGlasses and Changes. A folder of manifests/examples is taken as a whole.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> s_policies = new("--policies") { Description = "Files or folders of SafeguardPolicies.", DefaultValueFactory = _ => [] };
    private static readonly Option<string?> s_before = new("--before") { Description = "The workloads as they run now; without it everything is new." };
    private static readonly Option<string> s_namespace = new("--namespace", "-n") { Description = "Namespace of objects that name none.", DefaultValueFactory = _ => "default" };
    private static readonly Option<string> s_as = new("--as") { Description = "Who asks.", DefaultValueFactory = _ => "somebody" };
    private static readonly Option<string[]> s_asGroup = new("--as-group") { Description = "A group of whoever asks. May be repeated.", DefaultValueFactory = _ => [] };
    private static readonly Option<bool> s_dryRun = new("--dry-run") { Description = "Judge it as the dry run of kubectl, Flux or Argo CD." };
    private static readonly Option<string?> s_now = new("--now") { Description = "The time to judge at, such as 2026-03-11T00:00:00Z. Default: now." };
    private static readonly Option<bool> s_json = new("--json") { Description = "Print verdicts as JSON." };

    public static Command Create(TimeProvider time)
    {
        var command = new Command("check", """
            Judge files as the webhook would, without a cluster. Exit code 0: clean, 1: refused, 2: unusable input.

            Examples:
              deployguard check -f manifests/examples/ai-assisted-without-approval
              helm template web ./chart | deployguard check -f - --policies policies/ -n shop
              kubectl apply --dry-run=server -o yaml -f web.yaml | deployguard check -f - --policies tier-1.yaml
            """)
        {
            s_files, s_policies, s_before, s_namespace, s_as, s_asGroup, s_dryRun, s_now, s_json,
        };
        command.SetAction(parsed => Run(parsed, time));
        return command;
    }

    private static int Run(ParseResult parsed, TimeProvider time)
    {
        var output = parsed.InvocationConfiguration.Output;
        var now = Now(parsed.GetValue(s_now), time);
        var files = parsed.GetRequiredValue(s_files);
        var cases = files.Where(CheckCase.IsExample).Select(folder => CheckCase.ReadExample(folder, now)).ToList();
        var others = files.Where(f => !CheckCase.IsExample(f)).ToList();
        if (others.Count > 0)
        {
            cases.Add(ReadCase(parsed, others, now));
        }

        var verdicts = cases.SelectMany(c => c.Requests().Select(r => (r, Verdict: new Guard(TrustedControllers.BuiltIn).Decide(r.Request, r.View, c.Now)))).ToList();
        if (verdicts.Count == 0)
        {
            throw new ManifestException($"{string.Join(", ", files)}: no workload to check; expected a Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob or Pod");
        }

        foreach (var (request, verdict) in verdicts)
        {
            output.WriteLine(parsed.GetValue(s_json) ? Json(verdict) : Text(request, verdict));
        }

        return verdicts.All(v => v.Verdict.IsAllowed) ? 0 : Shell.Refused;
    }

    private static CheckCase ReadCase(ParseResult parsed, IEnumerable<string> files, DateTimeOffset now)
    {
        var check = new CheckCase
        {
            Now = now,
            DefaultNamespace = parsed.GetRequiredValue(s_namespace),
            Requester = new Requester(parsed.GetRequiredValue(s_as), "", parsed.GetRequiredValue(s_asGroup)),
            DryRun = parsed.GetValue(s_dryRun),
        };
        foreach (var file in parsed.GetRequiredValue(s_policies).Concat(files))
        {
            check.Add(ManifestReader.Read(file, Console.In));
        }

        if (parsed.GetValue(s_before) is { } before)
        {
            check.AddBefore(ManifestReader.Read(before, Console.In));
        }

        return check;
    }

    private static DateTimeOffset Now(string? text, TimeProvider time) =>
        text is null ? time.GetUtcNow()
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var now) ? now
        : throw new ManifestException($"--now {text}: not a time such as 2026-03-11T00:00:00Z");

    private static string Text(CheckedRequest request, Verdict verdict)
    {
        IEnumerable<string> lines =
        [
            verdict.IsAllowed ? $"{verdict.Change.Request.Target} allowed ({verdict.Change.Because})" : Messages.Refusal(verdict),
            .. Messages.WarningLines(verdict).Select(w => $"Warning: {w}"),
            .. request.IsDefaulted || verdict.IsAllowed ? Enumerable.Empty<string>()
                : ["(The file lacks the API server's defaults, so it has no hash to approve yet; kubectl apply --dry-run=server -o yaml adds them.)"],
        ];
        return string.Join('\n', lines);
    }

    private static string Json(Verdict verdict) => JsonSerializer.Serialize(new
    {
        target = verdict.Change.Request.Target.ToString(),
        allowed = verdict.IsAllowed,
        meaning = verdict.Change.Meaning.ToString(),
        findings = verdict.Findings.Select(f => new
        {
            policy = f.Policy,
            mode = f.Mode.ToString(),
            safeguard = f.Safeguard,
            reason = f.Finding.Reason,
            path = f.Finding.Path,
            message = f.Finding.Message,
            remedy = f.Finding.Remedy,
        }),
    });
}
