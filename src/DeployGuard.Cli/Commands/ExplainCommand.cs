using System.CommandLine;
using System.Globalization;
using System.Text;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard explain</c>: explains what a reason code means, who can fix it, and how.</summary>
internal static class ExplainCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string?> s_code = new("REASON")
    {
        Description = "Reason code, such as ApprovalMissing; or canary. Default: list every reason code.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private static readonly Option<int> s_replicas = new("--replicas")
    {
        Description = "With canary: replicas of the workload.",
        DefaultValueFactory = _ => 20,
    };
    private static readonly Option<string?> s_policy = new("--policy")
    {
        Description =
            "With canary: the policy whose steps are shown, by its name in the cluster, or a file with it. Default: steps 5, 25 and 50.",
    };
    private static readonly Option<string?> s_steps = new("--steps")
    {
        Description = "With canary: the steps in percent, separated by commas, such as 5,25,50, for those who may not read the policy.",
    };
    private static readonly Option<string?> s_soak = new("--soak")
    {
        Description = "With canary and --steps: how long each step must soak. Default: 10m.",
    };
    private static readonly Option<bool> s_markdown = new("--markdown")
    {
        Description = "Print every reason code as the page docs/reasons.md.",
    };

    public static Command Create(ManifestInputs inputs)
    {
        var command = new Command(
            "explain",
            """
            Explain what a reason code means, who can fix it, and how; or how to run a canary, and how many pods each of its
            steps allows.

            Examples:
              kubectl deployguard explain ApprovalMissing
              kubectl deployguard explain canary --replicas 3
              kubectl deployguard explain canary --policy tier-1
              kubectl deployguard explain canary --replicas 8 --steps 10,50 --soak 5m
            """
        )
        {
            s_code,
            s_replicas,
            s_policy,
            s_steps,
            s_soak,
            s_markdown,
        };
        s_cluster.AddTo(command);
        command.Validators.Add(MisspeltOptions.Validate);
        command.SetAction((parsed, cancel) => RunAsync(parsed, inputs, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, ManifestInputs inputs, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(s_markdown))
        {
            output.Write(Markdown());
        }
        else if (parsed.GetValue(s_code) is "canary")
        {
            var pods = Pods(parsed.GetValue(s_replicas));
            var (rules, source) = await RulesAsync(parsed, inputs, cancel);
            output.Write(TerminalText.Printable(CanaryExplanation.Of(rules, pods, source)) + "\n");
        }
        else
        {
            output.Write(Plain(parsed.GetValue(s_code)));
        }

        return 0;
    }

    private static int Pods(int replicas) =>
        replicas is > 0 and <= 1_000_000 ? replicas : throw new ManifestException($"--replicas {replicas}: expected 1 to 1000000");

    private static async Task<(CanaryRules Rules, string Source)> RulesAsync(
        ParseResult parsed,
        ManifestInputs inputs,
        CancellationToken cancel
    )
    {
        if (parsed.GetValue(s_policy) is not { } given)
        {
            return GivenRules(parsed);
        }

        if (parsed.GetValue(s_steps) is not null || parsed.GetValue(s_soak) is not null)
        {
            throw new ManifestException("--policy has steps and a soak of its own: leave out --steps and --soak");
        }

        var isFile = Path.Exists(given) || given.Contains('/', StringComparison.Ordinal) || ManifestReader.IsManifest(given);
        var policies = isFile
            ? inputs.Read(given, wrong => throw wrong, _ => { }).Where(m => m.Kind == PolicyReader.Kind).Select(PolicyFolder.Read).ToList()
            : [await FindAsync(parsed, given, cancel)];
        return policies.FirstOrDefault(p => p.Canary is not null) is { Canary: { } canary } policy
            ? (canary, $"policy {policy.Name}")
            : throw new ManifestException(isFile ? $"{given}: no SafeguardPolicy with a canary" : $"policy {given} requires no canary");
    }

    /// <summary>
    /// Steps of an example, or those that a refusal named. It names them for a second Deployment, so nothing is known of other methods.
    /// </summary>
    private static (CanaryRules Rules, string Source) GivenRules(ParseResult parsed)
    {
        var soak = parsed.GetValue(s_soak);
        if (parsed.GetValue(s_steps) is not { } given)
        {
            return soak is null
                ? (new CanaryRules { Steps = [5, 25, 50] }, "an example: the policy of your namespace may differ, --policy NAME shows it")
                : throw new ManifestException("--soak without --steps: name the steps too, such as --steps 5,25,50");
        }

        var rules = new CanaryRules { Steps = StepsOf(given), Accept = [RolloutMethod.Pool] };
        return (soak is null ? rules : rules with { Soak = SoakOf(soak) }, $"steps {string.Join(", ", rules.Steps)}");
    }

    private static TimeSpan SoakOf(string text) =>
        Durations.TryParse(text, out var soak) ? soak : throw new ManifestException($"--soak {text}: not a duration such as 10m or 90s");

    private static List<int> StepsOf(string text)
    {
        var steps = text.Split(',', StringSplitOptions.TrimEntries)
            .Select(t => int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? percent : 0)
            .ToList();
        return
            steps.TrueForAll(s => s is >= 1 and <= 99)
            && steps.Count <= CanaryRules.MaxSteps
            && steps.Zip(steps.Skip(1)).All(pair => pair.First < pair.Second)
            ? steps
            : throw new ManifestException(
                $"--steps {text}: expected at most {CanaryRules.MaxSteps} increasing percentages, each 1 to 99, such as 5,25,50"
            );
    }

    /// <summary>A policy of the cluster. A name without a suffix is rather that than a file.</summary>
    private static async Task<SafeguardPolicy> FindAsync(ParseResult parsed, string name, CancellationToken cancel)
    {
        try
        {
            if (!name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.'))
            {
                throw new ManifestException("it cannot be the name of a policy");
            }

            var (api, _) = s_cluster.Open(parsed);
            using var connection = api;
            using var found = await api.FindAsync(ApiPaths.One(ApiPaths.Policies, name), cancel);
            return found is not null
                ? PolicyReader.Read(found.RootElement)
                : throw new ManifestException("there is no policy of this name; to list them, run: kubectl get safeguardpolicies");
        }
        catch (ManifestException wrong)
        {
            throw new ManifestException($"--policy {name}: no such file, and {wrong.Message}", wrong);
        }
    }

    private static string Plain(string? code)
    {
        if (code is null)
        {
            return Table.Of(["REASON", "FOUND BY", "MEANING"], Reasons.All.Select(r => (string[])[r.Code, r.FoundBy, r.Meaning])) + "\n";
        }

        var reason =
            Reasons.Find(code) ?? throw new ManifestException($"{code}: no such reason; list them with: kubectl deployguard explain");
        return $"{reason.Code} ({reason.FoundBy})\n  {reason.Meaning}\n  Who can fix it: {reason.FixedBy}\n  How: {reason.Remedy}\n";
    }

    private static string Markdown()
    {
        var page = new StringBuilder(
            """
            # Reason codes

            Reason codes are stable: alerts and scripts may rely on them. They appear in messages, on Changes, in Events and, for rollouts, in
            `deployguard_rollouts_denied_total{reason}`. `kubectl deployguard explain REASON` prints the same text. `make docs` generates this page.

            | reason | found by | what it means | who can fix it | how |
            |---|---|---|---|---|

            """
        );
        foreach (var reason in Reasons.All)
        {
            page.Append($"| `{reason.Code}` | {reason.FoundBy} | {reason.Meaning} | {reason.FixedBy} | {reason.Remedy} |\n");
        }

        return page.ToString();
    }
}
