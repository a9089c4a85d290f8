using System.CommandLine;
using System.Text;
using DeployGuard.Cluster.Files;
using DeployGuard.Core;

namespace DeployGuard.Cli;

/// <summary><c>deployguard explain</c>: what a reason code means, who can fix it, and how.</summary>
internal static class ExplainCommand
{
    private static readonly Argument<string?> s_code = new("REASON") { Description = "A reason code, such as ApprovalMissing; left out for all.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> s_markdown = new("--markdown") { Description = "Print the whole catalogue as docs/reasons.md." };

    public static Command Create()
    {
        var command = new Command("explain", """
            Say what a reason code means, who can fix it, and how.

            Example:
              kubectl deployguard explain ApprovalMissing
            """)
        {
            s_code, s_markdown,
        };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(parsed.GetValue(s_markdown) ? Markdown() : Plain(parsed.GetValue(s_code)));
            return 0;
        });
        return command;
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
