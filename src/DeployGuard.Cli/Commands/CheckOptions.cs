using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using DeployGuard.Cli.Inputs;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

internal enum CheckOutput
{
    Text,
    Json,
    GitHub,
}

/// <summary>The options of <c>check</c>, and what they must not be.</summary>
internal static class CheckOptions
{
    private const string StandardInput = "-";

    public static readonly Option<string[]> Files = Several(
        "--filename",
        "Files, folders, or - for standard input. They may hold workloads, policies, Namespaces, ChangeApprovals, BreakGlasses and Changes. "
            + "A folder with a kustomization is built with kubectl kustomize; a folder of manifests/examples is read as one example, and "
            + "answered as the cluster answers it.",
        "-f"
    );
    public static readonly Option<string[]> Policies = Several(
        "--policies",
        "Files or folders with SafeguardPolicies. Without -f they alone are checked."
    );
    public static readonly Option<string[]> Before = Several(
        "--before",
        "The workloads as they run now, as files or folders of the same form. Default: every workload is new."
    );
    public static readonly Option<string?> AgainstRef = new(GitRevision.Option)
    {
        Description =
            "REF: take the same files of this git ref, such as HEAD~1 or origin/main, as the workloads that run now. "
            + "The files must be in a git repository.",
    };
    public static readonly Option<string> Namespace = new("--namespace", "-n")
    {
        Description = "Namespace of objects that name none.",
        DefaultValueFactory = _ => "default",
    };
    public static readonly Option<string[]> NamespaceLabels = Repeated(
        "--namespace-labels",
        "NAMESPACE=KEY=VALUE,...: the labels of a namespace, such as shop=deployguard.io/tier=1. They count more than its manifest. "
            + "A namespace whose labels are not known is taken to match every policy."
    );
    public static readonly Option<string> As = new("--as")
    {
        Description = "User name of the requester.",
        DefaultValueFactory = _ => "somebody",
    };
    public static readonly Option<string[]> AsGroup = Repeated("--as-group", "Group of the requester.");
    public static readonly Option<bool> DryRun = new("--dry-run") { Description = "Evaluate as a dry run of kubectl, Flux or Argo CD." };
    public static readonly Option<string?> Now = new("--now")
    {
        Description = "Time of the evaluation, such as 2026-03-11T00:00:00Z. Default: now.",
    };
    public static readonly Option<string[]> Kinds = Several(
        "--workload-kinds",
        "RESOURCE.GROUP/KIND=PATH: a custom resource with a pod template, such as rollouts.argoproj.io/Rollout=spec.template. Same as the "
            + "chart's workloadKinds. May be repeated.",
        "--workload-kind"
    );
    public static readonly Option<string[]> Injections = Repeated(
        "--injection-annotation",
        "FORM=KEY: an annotation that tells an injector which image to add, such as image=sidecar.example.com/image. Same as the chart's "
            + "injectionAnnotations. FORM is image, version, document, other or never. One * in KEY matches any text."
    );
    public static readonly Option<string[]> Restarts = Repeated(
        "--restart-annotation",
        "KEY: an annotation that only restarts pods. Same as the chart's templateNoise.restartAnnotations."
    );
    public static readonly Option<string[]> NamingLabels = Repeated(
        "--naming-label",
        "KEY: a label that only names the release. Same as the chart's templateNoise.namingLabels."
    );
    public static readonly Option<CheckOutput> Output = new("--output", "-o")
    {
        Description = "Text; Json: a line for each workload; GitHub: annotations of GitHub Actions.",
    };
    public static readonly Option<bool> Json = new("--json") { Description = "Same as -o json." };

    public static IReadOnlyList<Option> All { get; } =
    [
        Files,
        Policies,
        Before,
        AgainstRef,
        Namespace,
        NamespaceLabels,
        Kinds,
        Injections,
        Restarts,
        NamingLabels,
        As,
        AsGroup,
        DryRun,
        Now,
        Output,
        Json,
    ];

    /// <exception cref="ManifestException">It is not a time.</exception>
    public static DateTimeOffset Time(ParseResult parsed, TimeProvider clock) =>
        parsed.GetValue(Now) is not { } text ? clock.GetUtcNow()
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var now) ? now
        : throw new ManifestException($"--now {text}: not a time such as 2026-03-11T00:00:00Z");

    /// <summary>Reads workloads as a webhook would that has the same flags.</summary>
    public static WorkloadReader Reader(ParseResult parsed) =>
        new(
            WorkloadKinds.With(parsed.GetRequiredValue(Kinds).Select(CustomKind.ParseOrNull).OfType<CustomKind>()),
            new TemplateNoise(parsed.GetRequiredValue(Restarts), parsed.GetRequiredValue(NamingLabels)),
            InjectionTable.WithFlags(parsed.GetRequiredValue(Injections))
        );

    public static void Validate(CommandResult result)
    {
        if (result.Children.OfType<OptionResult>().Any(LacksValue))
        {
            return;
        }

        IEnumerable<string> problems = [.. ProblemsOfFiles(result), .. ProblemsOfFlags(result)];
        foreach (var problem in problems)
        {
            result.AddError(problem);
        }
    }

    /// <summary>The parser reports it, and its value cannot be read.</summary>
    private static bool LacksValue(OptionResult option) =>
        !option.Implicit && option.Tokens.Count == 0 && option.Option.Arity.MinimumNumberOfValues > 0;

    private static IEnumerable<string> ProblemsOfFiles(CommandResult result)
    {
        var files = result.GetValue(Files) ?? [];
        var policies = result.GetValue(Policies) ?? [];
        var before = result.GetValue(Before) ?? [];
        if (files.Length + policies.Length == 0)
        {
            yield return "Pass files to check with -f, or policies alone with --policies.";
        }

        if (files.Concat(policies).Concat(before).Count(f => f == StandardInput) > 1)
        {
            yield return "Standard input (-) can be read once; pass a file instead.";
        }

        if (result.GetValue(AgainstRef) is null)
        {
            yield break;
        }

        if (before.Length > 0)
        {
            yield return $"Pass {GitRevision.Option} or --before, not both.";
        }

        if (files.Contains(StandardInput))
        {
            yield return $"{GitRevision.Option}: standard input (-) has no history; pass what ran before with --before.";
        }

        if (files.FirstOrDefault(CheckCase.IsExample) is { } example)
        {
            yield return $"{GitRevision.Option}: {example} is an example, and has its own before.yaml.";
        }
    }

    /// <summary>Mistakes in the flags that say how workloads are read.</summary>
    public static IEnumerable<string> ProblemsOfFlags(CommandResult result)
    {
        var injections = result.GetValue(Injections) ?? [];
        return
        [
            .. (result.GetValue(Kinds) ?? [])
                .Where(k => CustomKind.ParseOrNull(k) is null)
                .Select(k => $"{Kinds.Name} {k}: {CustomKind.Expected}"),
            .. injections
                .Where(a => InjectionAnnotation.ParseOrNull(a) is null)
                .Select(a => $"{Injections.Name} {a}: {InjectionAnnotation.Expected}"),
            .. (result.GetValue(NamespaceLabels) ?? [])
                .Where(l => Manifests.NamespaceLabels.ParseOrNull(l) is null)
                .Select(l => $"{NamespaceLabels.Name} {l}: {Manifests.NamespaceLabels.Expected}"),
            .. NoiseKey.ProblemsOfAnnotations(Restarts.Name, result.GetValue(Restarts) ?? [], InjectionTable.WithFlags(injections)),
            .. NoiseKey.ProblemsOfLabels(NamingLabels.Name, result.GetValue(NamingLabels) ?? []),
        ];
    }

    private static Option<string[]> Several(string name, string description, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };

    private static Option<string[]> Repeated(string name, string description) =>
        new(name) { Description = $"{description} May be repeated.", DefaultValueFactory = _ => [] };
}
