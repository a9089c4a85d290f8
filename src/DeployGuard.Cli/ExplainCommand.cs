using System.CommandLine;
using System.Text;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary><c>deployguard explain</c>: what a reason code means, who can fix it, and how.</summary>
internal static class ExplainCommand
{
    private static readonly Argument<string?> s_code = new("REASON") { Description = "A reason code, such as ApprovalMissing; left out for all. Or: canary.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<int> s_replicas = new("--replicas") { Description = "With canary: pods of the workload.", DefaultValueFactory = _ => 20 };
    private static readonly Option<string?> s_policy = new("--policy") { Description = "With canary: a file with the policy whose steps are shown. Default: steps 5, 25 and 50." };
    private static readonly Option<bool> s_markdown = new("--markdown") { Description = "Print the whole catalogue as docs/reasons.md." };

    public static Command Create(Inputs inputs)
    {
        var command = new Command("explain", """
            Say what a reason code means, who can fix it, and how; or what the steps of a canary come to in pods.

            Examples:
              kubectl deployguard explain ApprovalMissing
              kubectl deployguard explain canary --replicas 3
            """)
        {
            s_code, s_replicas, s_policy, s_markdown,
        };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(
                parsed.GetValue(s_markdown) ? Markdown()
                : parsed.GetValue(s_code) is "canary" ? CanaryExplained.Of(Rules(parsed.GetValue(s_policy), inputs), Pods(parsed.GetValue(s_replicas)))
                : Plain(parsed.GetValue(s_code)));
            return 0;
        });
        return command;
    }

    private static int Pods(int replicas) => replicas is > 0 and <= 1_000_000 ? replicas : throw new ManifestException($"--replicas {replicas}: expected 1 to 1000000");

    private static CanaryRules Rules(string? file, Inputs inputs)
    {
        if (file is null)
        {
            return new CanaryRules { Steps = [5, 25, 50] };
        }

        var policies = inputs.Read(file, wrong => throw wrong, _ => { }).Where(m => m.Kind == PolicyReader.Kind).Select(PolicyFolder.Read).ToList();
        return policies.Select(p => p.Canary).FirstOrDefault(c => c is not null) ?? throw new ManifestException($"{file}: no SafeguardPolicy with a canary");
    }

    private static string Plain(string? code)
    {
        if (code is null)
        {
            return Table.Of(["REASON", "FOUND BY", "MEANING"], Reasons.All.Select(r => (string[])[r.Code, r.By, r.Meaning])) + "\n";
        }

        var reason = Reasons.Find(code) ?? throw new ManifestException($"{code}: no such reason; list them with: kubectl deployguard explain");
        return $"{reason.Code} ({reason.By})\n  {reason.Meaning}\n  Who can fix it: {reason.Who}\n  How: {reason.How}\n";
    }

    private static string Markdown()
    {
        var page = new StringBuilder("""
            # Reason codes

            Stable: alerts and scripts may rely on them. They stand in messages, on Changes, in Events and, for rollouts, in
            `deployguard_rollouts_denied_total{reason}`. `kubectl deployguard explain REASON` says the same. Made from the code by `make docs`.

            | reason | found by | what it means | who can fix it | how |
            |---|---|---|---|---|

            """);
        foreach (var reason in Reasons.All)
        {
            page.Append($"| `{reason.Code}` | {reason.By} | {reason.Meaning} | {reason.Who} | {reason.How} |\n");
        }

        return page.ToString();
    }
}
