using System.CommandLine;
using System.Text;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard explain</c>: explains what a reason code means, who can fix it, and how.</summary>
internal static class ExplainCommand
{
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
        Description = "With canary: file with the policy whose steps are shown. Default: steps 5, 25 and 50.",
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
            Explain what a reason code means, who can fix it, and how; or how many pods each step of a canary allows.

            Examples:
              kubectl deployguard explain ApprovalMissing
              kubectl deployguard explain canary --replicas 3
            """
        )
        {
            s_code,
            s_replicas,
            s_policy,
            s_markdown,
        };
        command.Validators.Add(MisspeltOptions.Validate);
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(
                parsed.GetValue(s_markdown) ? Markdown()
                : parsed.GetValue(s_code) is "canary"
                    ? CanaryExplanation.Of(Rules(parsed.GetValue(s_policy), inputs), Pods(parsed.GetValue(s_replicas)))
                : Plain(parsed.GetValue(s_code))
            );
            return 0;
        });
        return command;
    }

    private static int Pods(int replicas) =>
        replicas is > 0 and <= 1_000_000 ? replicas : throw new ManifestException($"--replicas {replicas}: expected 1 to 1000000");

    private static CanaryRules Rules(string? file, ManifestInputs inputs)
    {
        if (file is null)
        {
            return new CanaryRules { Steps = [5, 25, 50] };
        }

        var policies = inputs
            .Read(file, wrong => throw wrong, _ => { })
            .Where(m => m.Kind == PolicyReader.Kind)
            .Select(PolicyFolder.Read)
            .ToList();
        return policies.Select(p => p.Canary).FirstOrDefault(c => c is not null)
            ?? throw new ManifestException($"{file}: no SafeguardPolicy with a canary");
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
