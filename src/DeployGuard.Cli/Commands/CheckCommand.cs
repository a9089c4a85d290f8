using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard check</c>: evaluates files as the webhook would, without a cluster.</summary>
internal static class CheckCommand
{
    private static readonly Option<string[]> s_files = new("--filename", "-f")
    {
        Description =
            "Files, folders, or - for standard input. They may hold workloads, policies, Namespaces, ChangeApprovals, "
            + "BreakGlasses and Changes. "
            + "A folder with a kustomization is built with kubectl kustomize; a folder of manifests/examples is read as one example.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> s_policies = new("--policies")
    {
        Description = "Files or folders with SafeguardPolicies.",
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<string?> s_before = new("--before")
    {
        Description = "The workloads as they run now. Default: every workload is new.",
    };
    private static readonly Option<string> s_namespace = new("--namespace", "-n")
    {
        Description = "Namespace of objects that name none.",
        DefaultValueFactory = _ => "default",
    };
    private static readonly Option<string> s_as = new("--as")
    {
        Description = "User name of the requester.",
        DefaultValueFactory = _ => "somebody",
    };
    private static readonly Option<string[]> s_asGroup = new("--as-group")
    {
        Description = "Group of the requester. May be repeated.",
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<bool> s_dryRun = new("--dry-run") { Description = "Evaluate as a dry run of kubectl, Flux or Argo CD." };
    private static readonly Option<string?> s_now = new("--now")
    {
        Description = "Time of the evaluation, such as 2026-03-11T00:00:00Z. Default: now.",
    };
    private static readonly Option<string[]> s_kinds = new("--workload-kinds", "--workload-kind")
    {
        Description =
            "RESOURCE.GROUP/KIND=PATH: a custom resource with a pod template, such as "
            + "rollouts.argoproj.io/Rollout=spec.template. Same as the chart's workloadKinds. May be repeated.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<string[]> s_injections = Repeated(
        "--injection-annotation",
        "FORM=KEY: an annotation that tells an injector which image to add, such as image=sidecar.example.com/image. Same as "
            + "the chart's injectionAnnotations. "
            + "FORM is image, version, document, other or never. One * in KEY matches any text."
    );

    private static readonly Option<string[]> s_restarts = Repeated(
        "--restart-annotation",
        "KEY: an annotation that only restarts pods. Same as the chart's templateNoise.restartAnnotations."
    );

    private static readonly Option<string[]> s_namingLabels = Repeated(
        "--naming-label",
        "KEY: a label that only names the release. Same as the chart's templateNoise.namingLabels."
    );

    private static readonly Option<bool> s_json = new("--json") { Description = "Print verdicts as JSON." };

    public static Command Create(TimeProvider time, ManifestInputs inputs)
    {
        var command = new Command(
            "check",
            """
            Evaluate files as the webhook would, without a cluster. Reads what kubectl reads: YAML and JSON, lists, anchors and merge keys. A document may have up to 16 MiB.
            Verdicts go to standard output. Standard error lists what was skipped, and each error with its file and line. An error in one document does not stop the others.
            Exit code 0: every workload is allowed, or there is none. 1: a workload is refused. 2: an input cannot be used, whatever the other verdicts.

            Examples:
              deployguard check -f manifests/examples/ai-assisted-without-approval
              helm template web ./chart | deployguard check -f - --policies policies/ -n shop
              deployguard check -f overlays/production --policies policies/ --workload-kinds rollouts.argoproj.io/Rollout=spec.template
              kubectl apply --dry-run=server -o yaml -f web.yaml | deployguard check -f - --policies tier-1.yaml
            """
        )
        {
            s_files,
            s_policies,
            s_before,
            s_namespace,
            s_kinds,
            s_injections,
            s_restarts,
            s_namingLabels,
            s_as,
            s_asGroup,
            s_dryRun,
            s_now,
            s_json,
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

        foreach (
            var problem in (IEnumerable<string>)
                [
                    .. NoiseKey.ProblemsOfAnnotations(
                        s_restarts.Name,
                        result.GetValue(s_restarts) ?? [],
                        InjectionTable.WithFlags(injections)
                    ),
                    .. NoiseKey.ProblemsOfLabels(s_namingLabels.Name, result.GetValue(s_namingLabels) ?? []),
                ]
        )
        {
            result.AddError(problem);
        }
    }

    /// <summary>Reads workloads as a webhook would that has the same flags.</summary>
    private static WorkloadReader Reader(ParseResult parsed) =>
        new(
            WorkloadKinds.With(parsed.GetRequiredValue(s_kinds).Select(CustomKind.ParseOrNull).OfType<CustomKind>()),
            new TemplateNoise(parsed.GetRequiredValue(s_restarts), parsed.GetRequiredValue(s_namingLabels)),
            InjectionTable.WithFlags(parsed.GetRequiredValue(s_injections))
        );

    private static Option<string[]> Repeated(string name, string description) =>
        new(name) { Description = $"{description} May be repeated.", DefaultValueFactory = _ => [] };

    private static int Run(ParseResult parsed, TimeProvider time, ManifestInputs inputs)
    {
        var now = Now(parsed.GetValue(s_now), time);
        var files = parsed.GetRequiredValue(s_files);
        var reader = Reader(parsed);
        var report = new CheckReport();
        var cases = files.Where(CheckCase.IsExample).Select(folder => CheckCase.ReadExample(folder, now, reader, report.AddError)).ToList();
        var others = files.Where(f => !CheckCase.IsExample(f)).ToList();
        if (others.Count > 0)
        {
            cases.Add(ReadCase(parsed, new CheckCase(reader) { Now = now }, others, inputs, report));
        }

        foreach (var (request, at) in cases.SelectMany(c => c.Requests().Select(r => (r, c.Now))))
        {
            Evaluate(parsed, request, at, report);
        }

        report.Write(parsed.InvocationConfiguration.Error, [.. cases.Select(c => c.Skipped)]);
        return report.ExitCode;
    }

    private static void Evaluate(ParseResult parsed, CheckedRequest request, DateTimeOffset at, CheckReport report)
    {
        try
        {
            var verdict = request.Decide(SafeguardList.Evaluator(TrustedControllers.BuiltIn), at);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(s_json) ? Json(verdict) : Text(request, verdict));
            report.AddVerdict(verdict.IsAllowed);
        }
        catch (ManifestException wrong)
        {
            report.AddError(wrong);
        }
    }

    private static CheckCase ReadCase(
        ParseResult parsed,
        CheckCase check,
        IReadOnlyList<string> files,
        ManifestInputs inputs,
        CheckReport report
    )
    {
        check.DefaultNamespace = parsed.GetRequiredValue(s_namespace);
        check.Requester = new Requester(parsed.GetRequiredValue(s_as), "", parsed.GetRequiredValue(s_asGroup));
        check.DryRun = parsed.GetValue(s_dryRun);
        foreach (var file in parsed.GetRequiredValue(s_policies))
        {
            var known = check.Policies;
            CheckCase.Take(inputs.Read(file, report.AddError, report.AddSkipped), check.Add, report.AddError);
            if (check.Policies == known)
            {
                report.AddNoPolicyIn(file);
            }
        }

        var objects = 0;
        foreach (var file in files)
        {
            CheckCase.Take(inputs.Read(file, report.AddError, report.AddSkipped), Add, report.AddError);
        }

        if (objects == 0)
        {
            report.AddNothingRead(files);
        }
        else if (check.Policies == 0)
        {
            report.AddSkipped("No SafeguardPolicy was given, so nothing can be refused; pass some with --policies");
        }

        if (parsed.GetValue(s_before) is { } before)
        {
            CheckCase.Take(inputs.Read(before, report.AddError, report.AddSkipped), check.AddBefore, report.AddError);
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
            .. request.IsDefaulted || verdict.IsAllowed
                ? Enumerable.Empty<string>()
                :
                [
                    "(The file lacks the API server's defaults, so there is no hash to approve yet. To add them, run: kubectl "
                        + "apply --dry-run=server -o yaml)",
                ],
        ];
        return string.Join('\n', lines);
    }

    private static string Json(Verdict verdict) =>
        JsonSerializer.Serialize(
            new
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
            }
        );
}
