using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary><c>deployguard check</c>: the verdict and message of the webhook, for files, without a cluster.</summary>
internal static class CheckCommand
{
    private static readonly Option<string[]> s_files = new("--filename", "-f")
    {
        Description = "Files, folders, or - for standard input: workloads, and with them policies, Namespaces, ChangeApprovals, BreakGlasses and Changes. "
            + "A folder with a kustomization is built by kubectl kustomize; one of manifests/examples is taken as a whole.",
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
    private static readonly Option<string[]> s_kinds = new("--workload-kinds", "--workload-kind")
    {
        Description = "RESOURCE.GROUP/KIND=PATH, such as rollouts.argoproj.io/Rollout=spec.template: a custom resource with a pod template, as the chart's workloadKinds. May be repeated.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<string[]> s_injections = Repeated(
        "--injection-annotation",
        "FORM=KEY, such as image=sidecar.example.com/image: an annotation by which an injector takes an image, as the chart's injectionAnnotations. "
        + "FORM is image, version, document, other or never; one * in KEY stands for any text.");

    private static readonly Option<string[]> s_restarts = Repeated(
        "--restart-annotation", "KEY: an annotation that only restarts pods, as the chart's templateNoise.restartAnnotations.");

    private static readonly Option<string[]> s_namingLabels = Repeated(
        "--naming-label", "KEY: a label that only names what runs, as the chart's templateNoise.namingLabels.");

    private static readonly Option<bool> s_json = new("--json") { Description = "Print verdicts as JSON." };

    public static Command Create(TimeProvider time, Inputs inputs)
    {
        var command = new Command("check", """
            Judge files as the webhook would, without a cluster. Reads what kubectl reads: YAML and JSON, lists, anchors and merge keys; documents of up to 16 MiB.
            Verdicts go to standard output. Standard error says what was skipped, and with file and line what cannot be used; the rest is judged all the same.
            Exit code 0: clean, or nothing in it runs pods, 1: refused, 2: unusable input, whatever the verdicts on the rest.

            Examples:
              deployguard check -f manifests/examples/ai-assisted-without-approval
              helm template web ./chart | deployguard check -f - --policies policies/ -n shop
              deployguard check -f overlays/production --policies policies/ --workload-kinds rollouts.argoproj.io/Rollout=spec.template
              kubectl apply --dry-run=server -o yaml -f web.yaml | deployguard check -f - --policies tier-1.yaml
            """)
        {
            s_files, s_policies, s_before, s_namespace, s_kinds, s_injections, s_restarts, s_namingLabels, s_as, s_asGroup, s_dryRun, s_now, s_json,
        };
        command.Validators.Add(Validate);
        command.SetAction(parsed => Run(parsed, time, inputs));
        return command;
    }

    private static void Validate(CommandResult result)
    {
        foreach (var kind in (result.GetValue(s_kinds) ?? []).Where(k => CustomKind.ParseOrNull(k) is null))
        {
            result.AddError($"--workload-kinds {kind}: {CustomKind.Expected}");
        }

        var injections = result.GetValue(s_injections) ?? [];
        foreach (var annotation in injections.Where(a => InjectionAnnotation.ParseOrNull(a) is null))
        {
            result.AddError($"{s_injections.Name} {annotation}: {InjectionAnnotation.Expected}");
        }

        foreach (var problem in (IEnumerable<string>)
            [
                .. NoiseKey.ProblemsOfAnnotations(s_restarts.Name, result.GetValue(s_restarts) ?? [], InjectionTable.WithFlags(injections)),
                .. NoiseKey.ProblemsOfLabels(s_namingLabels.Name, result.GetValue(s_namingLabels) ?? []),
            ])
        {
            result.AddError(problem);
        }
    }

    /// <summary>What the webhook would be told by its flags of the same names.</summary>
    private static WorkloadReader Reader(ParseResult parsed) => new(
        WorkloadKinds.With(parsed.GetRequiredValue(s_kinds).Select(CustomKind.ParseOrNull).OfType<CustomKind>()),
        new TemplateNoise(parsed.GetRequiredValue(s_restarts), parsed.GetRequiredValue(s_namingLabels)),
        InjectionTable.WithFlags(parsed.GetRequiredValue(s_injections)));

    private static Option<string[]> Repeated(string name, string description) =>
        new(name) { Description = $"{description} May be repeated.", DefaultValueFactory = _ => [] };

    private static int Run(ParseResult parsed, TimeProvider time, Inputs inputs)
    {
        var now = Now(parsed.GetValue(s_now), time);
        var files = parsed.GetRequiredValue(s_files);
        var reader = Reader(parsed);
        var report = new CheckReport();
        var cases = files.Where(CheckCase.IsExample).Select(folder => CheckCase.ReadExample(folder, now, reader, report.Unusable)).ToList();
        var others = files.Where(f => !CheckCase.IsExample(f)).ToList();
        if (others.Count > 0)
        {
            cases.Add(ReadCase(parsed, new CheckCase(reader) { Now = now }, others, inputs, report));
        }

        foreach (var (request, at) in cases.SelectMany(c => c.Requests().Select(r => (r, c.Now))))
        {
            Judge(parsed, request, at, report);
        }

        report.Write(parsed.InvocationConfiguration.Error, [.. cases.Select(c => c.Skipped)]);
        return report.ExitCode;
    }

    private static void Judge(ParseResult parsed, CheckedRequest request, DateTimeOffset at, CheckReport report)
    {
        try
        {
            var verdict = request.Decide(SafeguardList.Evaluator(TrustedControllers.BuiltIn), at);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(s_json) ? Json(verdict) : Text(request, verdict));
            report.Judged(verdict.IsAllowed);
        }
        catch (ManifestException wrong)
        {
            report.Unusable(wrong);
        }
    }

    private static CheckCase ReadCase(ParseResult parsed, CheckCase check, IReadOnlyList<string> files, Inputs inputs, CheckReport report)
    {
        check.DefaultNamespace = parsed.GetRequiredValue(s_namespace);
        check.Requester = new Requester(parsed.GetRequiredValue(s_as), "", parsed.GetRequiredValue(s_asGroup));
        check.DryRun = parsed.GetValue(s_dryRun);
        foreach (var file in parsed.GetRequiredValue(s_policies))
        {
            var known = check.Policies;
            CheckCase.Take(inputs.Read(file, report.Unusable, report.Skip), check.Add, report.Unusable);
            if (check.Policies == known)
            {
                report.NoPolicyIn(file);
            }
        }

        var objects = 0;
        foreach (var file in files)
        {
            CheckCase.Take(inputs.Read(file, report.Unusable, report.Skip), Add, report.Unusable);
        }

        if (objects == 0)
        {
            report.NothingRead(files);
        }
        else if (check.Policies == 0)
        {
            report.Skip("No SafeguardPolicy was given, so nothing can be refused; name some with --policies");
        }

        if (parsed.GetValue(s_before) is { } before)
        {
            CheckCase.Take(inputs.Read(before, report.Unusable, report.Skip), check.AddBefore, report.Unusable);
        }

        return check;

        void Add(Manifest manifest)
        {
            objects++;
            check.Add(manifest);
        }
    }

    private static DateTimeOffset Now(string? text, TimeProvider time) =>
        text is null ? time.GetUtcNow()
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var now) ? now
        : throw new ManifestException($"--now {text}: not a time such as 2026-03-11T00:00:00Z");

    private static string Text(CheckedRequest request, Verdict verdict)
    {
        IEnumerable<string> lines =
        [
            verdict.IsAllowed ? $"{verdict.Evaluated.Request.Target} allowed ({verdict.Evaluated.Because})" : Messages.Refusal(verdict),
            .. Messages.WarningLines(verdict).Select(w => $"Warning: {w}"),
            .. request.IsDefaulted || verdict.IsAllowed ? Enumerable.Empty<string>()
                : ["(The file lacks the API server's defaults, so it has no hash to approve yet; kubectl apply --dry-run=server -o yaml adds them.)"],
        ];
        return string.Join('\n', lines);
    }

    private static string Json(Verdict verdict) => JsonSerializer.Serialize(new
    {
        target = verdict.Evaluated.Request.Target.ToString(),
        allowed = verdict.IsAllowed,
        meaning = verdict.Evaluated.ChangeType.ToString(),
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
        warnings = Messages.WarningLines(verdict),
    });
}
