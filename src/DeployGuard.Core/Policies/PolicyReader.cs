using System.Text.Json;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

/// <summary>Reads a SafeguardPolicy object strictly. Every error names the path and what is allowed there.</summary>
public static class PolicyReader
{
    public const string Kind = "SafeguardPolicy";
    private static readonly HashSet<string> s_everyUser = ["system:authenticated", "system:unauthenticated", "system:serviceaccounts"];

    public const string Group = "deployguard.io";
    public const string ApiVersion = $"{Group}/v1alpha1";

    /// <summary>
    /// Never throws for an invalid policy: <see cref="SafeguardPolicy.Errors"/> has all errors, in the order of the
    /// fields. Name, mode and match are read as far as possible, so that an invalid policy still applies to its workloads.
    /// </summary>
    public static SafeguardPolicy Read(JsonElement policy)
    {
        var errors = new List<string>();
        var name = NameOf(policy, errors);
        if (
            policy.ValueKind is not JsonValueKind.Object
            || !policy.TryGetProperty("spec", out var spec)
            || spec.ValueKind is not JsonValueKind.Object
        )
        {
            errors.Add("spec: is missing, or not an object");
            return new SafeguardPolicy { Name = name, Errors = errors };
        }

        return StrictObject.Finish(new StrictObject(spec, "spec", errors), s => ReadSpec(s, name)) with
        {
            Errors = errors,
        };
    }

    private static SafeguardPolicy ReadSpec(StrictObject spec, string name)
    {
        var origin = spec.Block("origin", ReadOrigin);
        var identities = IdentitiesReader.Read(spec);
        var policy = new SafeguardPolicy
        {
            Name = name,
            Mode = spec.Enum("mode", Mode.Enforce),
            DryRun = spec.Enum("dryRun", DryRunAnswer.Warn),
            Match = spec.Block("match", ReadMatch) ?? new PolicyMatch(),
            Active = spec.Block("active", ReadActive) ?? new Window(),
            Images = spec.Block("images", ReadImages),
            UnknownOrigin = origin?.AsOrigin ?? OriginKind.AiAssisted,
            SignedOrigin = origin?.Signed,
            Approval = spec.Block("approval", ReadApproval) is { } approval ? approval with { Identities = identities } : null,
            Canary = spec.Block("canary", ReadCanary),
            Budget = spec.Block("budget", ReadBudget),
            Freeze = spec.Block("freeze", ReadFreeze),
            Exempt = spec.Block("exempt", ReadExempt) ?? Exemption.Nobody,
        };
        if (policy is { Approval.Covers: ApprovalCovers.Images, Images: not { Pin: Pin.Digest } })
        {
            spec.Error("approval.covers", "Images needs images: {pin: Digest}, because a tag can be moved after the approval");
        }

        if (policy is { SignedOrigin: { } found, Approval: null or { Required: Required.Never } })
        {
            var (field, what) = found.Keys.Count > 0 ? ("keys", "is signed counts towards") : ("imageLabels", "images say asks for");
            spec.Error($"origin.{field}", $"needs approval: what {what} an approval, and this policy requires none");
        }

        SummaryRulesReader.Compare(spec, policy);
        if (identities.People.Count > 0 && policy.Approval is null)
        {
            spec.Error("identities", "needs approval: they say whose approvals count, and this policy requires none");
        }

        if (policy is { Freeze: not null, Active: { From: null, Until: null } })
        {
            spec.Error("freeze", "needs active: {from, until}, because a freeze must end");
        }
        else if (policy is { Freeze: not null, Active.Until: null })
        {
            spec.Error("freeze", "needs active.until: requesters must know when it ends");
        }

        return policy;
    }

    private static OriginRules ReadOrigin(StrictObject origin) =>
        new(origin.Enum("unknown", UnknownCountsAs.AiAssisted), SignedOriginReader.Read(origin));

    private static ImageRules ReadImages(StrictObject images) =>
        new(images.Enum("pin", Pin.Digest))
        {
            Injections = new InjectionTable(images.Block("injectionAnnotations", ReadInjections) ?? []),
            Unreadable = images.Has("unreadable") ? images.Enum("unreadable", Unreadable.Refuse) : null,
        };

    private static List<InjectionAnnotation> ReadInjections(StrictObject annotations) =>
        [.. InjectionAnnotation.Forms.SelectMany(form => ReadKeys(annotations, form.Key, form.Value))];

    private static IEnumerable<InjectionAnnotation> ReadKeys(StrictObject annotations, string name, InjectionForm form)
    {
        var keys = annotations.Strings(name);
        foreach (var (key, i) in keys.Select((key, i) => (key, i)))
        {
            var problem =
                InjectionAnnotation.ProblemWith(key)
                ?? (
                    form is InjectionForm.Never && InjectionTable.BuiltIn.NamesImages(key)
                        ? "is known to name images, so it cannot be listed here"
                        : null
                );
            if (problem is not null)
            {
                annotations.Error($"{name}[{i}]", $"\"{key}\" {problem}");
            }
        }

        return keys.Select(key => new InjectionAnnotation(key, form, InjectionAnnotation.UnnamedInjector));
    }

    private static PolicyMatch ReadMatch(StrictObject match)
    {
        var kinds = match.Strings("kinds");
        foreach (var (kind, i) in kinds.Select((kind, i) => (kind, i)).Where(k => !WorkloadKinds.BuiltIn.Names.Contains(k.kind)))
        {
            match.Error($"kinds[{i}]", $"\"{kind}\" is not one of {string.Join(", ", WorkloadKinds.BuiltIn.Names)}");
        }

        return new PolicyMatch
        {
            Namespaces = match.Block("namespaceSelector", SelectorReader.Read) ?? LabelSelector.Everything,
            Workloads = match.Block("workloadSelector", SelectorReader.Read) ?? LabelSelector.Everything,
            Kinds = kinds,
        };
    }

    private static Window ReadActive(StrictObject active)
    {
        var window = new Window(active.Time("from"), active.Time("until"));
        if (window is { From: { } from, Until: { } until } && until <= from)
        {
            active.Error("until", "must be later than from");
        }

        return window;
    }

    private static ApprovalRules ReadApproval(StrictObject approval)
    {
        var rules = new ApprovalRules
        {
            Required = approval.Enum("required", Required.AiAssisted),
            Covers = approval.Enum("covers", ApprovalCovers.Template),
            Separation = approval.Enum("separation", Separation.Strict),
            Monitors = approval.Strings("monitors"),
            Bots = approval.Strings("bots"),
            Quorum = approval.Objects("quorum", ReadQuorumLine),
            MaxAge = approval.Duration("maxAge", TimeSpan.FromHours(72), TimeSpan.FromSeconds(1)),
        };
        if (rules.Quorum.Count == 0)
        {
            approval.Error("quorum", "must have at least one line, such as {groups: [senior-engineers], count: 1}");
        }

        return rules;
    }

    private static QuorumLine ReadQuorumLine(StrictObject line)
    {
        var groups = line.Strings("groups");
        if (groups.Count == 0)
        {
            line.Error("groups", "must name at least one group");
        }

        foreach (var group in groups.Where(g => g.StartsWith("system:", StringComparison.Ordinal)))
        {
            line.Error("groups", $"\"{group}\" is a group of Kubernetes, which does not tell who may approve");
        }

        return new QuorumLine(groups, line.Int("count", 1, 1, 10));
    }

    private static Exemption ReadExempt(StrictObject exempt)
    {
        var exemption = new Exemption(exempt.Strings("users"), exempt.Strings("groups"), exempt.Strings("serviceAccounts"));
        foreach (var (group, i) in exemption.Groups.Select((group, i) => (group, i)).Where(g => s_everyUser.Contains(g.group)))
        {
            exempt.Error($"groups[{i}]", $"\"{group}\" is every user, or every machine; list only the identities to exempt");
        }

        foreach (
            var (account, i) in exemption
                .ServiceAccounts.Select((account, i) => (account, i))
                .Where(a => a.account.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
        )
        {
            exempt.Error($"serviceAccounts[{i}]", $"\"{account}\" is not namespace/name");
        }

        return exemption;
    }

    private static CanaryRules ReadCanary(StrictObject canary)
    {
        var steps = canary.Ints("steps", 1, 99);
        if (steps.Count == 0)
        {
            canary.Error("steps", "is missing: list increasing percentages such as [5, 25, 50]; 100 follows the last");
        }

        if (steps.Zip(steps.Skip(1)).Any(pair => pair.Second <= pair.First))
        {
            canary.Error("steps", $"[{string.Join(", ", steps)}] must increase");
        }

        if (steps.Count > CanaryRules.MaxSteps)
        {
            canary.Error("steps", $"has {steps.Count} steps; the limit is {CanaryRules.MaxSteps}");
        }

        return new CanaryRules
        {
            Required = canary.Enum("required", Required.AiAssisted),
            Covers = canary.Enum("covers", CanaryCovers.Images),
            // The strictest if they cannot be read: without steps, every revision would have held them all.
            Steps = steps.Count > 0 ? steps : [1],
            Soak = canary.Duration("soak", TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(1)),
            Accept = canary.Enums("accept", Enum.GetValues<RolloutMethod>()),
            Pace = canary.Block("pace", ReadPace) ?? PaceRules.Default,
            ColdAfter = canary.Duration("coldAfter", TimeSpan.FromHours(1), TimeSpan.Zero),
        };
    }

    private static BudgetRules ReadBudget(StrictObject budget)
    {
        if (!budget.Has("maxConcurrentRollouts"))
        {
            budget.Error("maxConcurrentRollouts", "is missing: set how many rollouts may be in flight");
        }

        return new BudgetRules(
            budget.Int("maxConcurrentRollouts", 1, 1, 1000),
            budget.Enum("per", BudgetScope.Namespace),
            budget.Duration("hangAfter", TimeSpan.FromHours(1), TimeSpan.FromMinutes(1))
        );
    }

    private static FreezeRules ReadFreeze(StrictObject freeze) =>
        new(freeze.Text("message") ?? "", freeze.Duration("announce", TimeSpan.FromHours(24), TimeSpan.Zero));

    private static PaceRules ReadPace(StrictObject pace) =>
        new(pace.Int("percent", PaceRules.Default.Percent, 1, 100), pace.Duration("minReady", PaceRules.Default.MinReady, TimeSpan.Zero));

    private static string NameOf(JsonElement policy, List<string> errors)
    {
        if (
            policy.ValueKind is JsonValueKind.Object
            && policy.TryGetProperty("metadata", out var metadata)
            && metadata.ValueKind is JsonValueKind.Object
            && metadata.TryGetProperty("name", out var name)
            && name.ValueKind is JsonValueKind.String
            && name.GetString() is { Length: > 0 } text
        )
        {
            return text;
        }

        errors.Add("metadata.name: is missing");
        return "(unnamed)";
    }

    private enum UnknownCountsAs
    {
        AiAssisted,
        Human,
    }

    private sealed record OriginRules(UnknownCountsAs Unknown, SignedOrigin? Signed)
    {
        public OriginKind AsOrigin => Unknown is UnknownCountsAs.Human ? OriginKind.Human : OriginKind.AiAssisted;
    }
}
