using System.Text;

namespace DeployGuard.Cli.Views;

/// <summary>The report as text: a table, and below it what it cannot know.</summary>
internal static class AuditReportText
{
    private static readonly string[] s_header =
    [
        "NAMESPACE",
        "POLICY",
        "MODE",
        "SAFEGUARD",
        "REASON",
        "CHANGES",
        "WORKLOADS",
        "SINCE",
        "NEWEST",
        "EXAMPLE",
        "REQUESTER",
    ];

    /// <param name="changes">How many Changes were read.</param>
    /// <param name="scope">Where they are: <c>in namespace shop</c>.</param>
    /// <param name="knowsModes">Whether the present modes of the policies could be read.</param>
    public static string Of(AuditReport report, int changes, string scope, bool knowsModes, DateTimeOffset now)
    {
        var text = new StringBuilder();
        if (!knowsModes)
        {
            text.AppendLine(
                "You may not list policies, so each MODE is that of the newest request on record. ClusterRole deployguard-viewer, bound by a "
                    + "ClusterRoleBinding, shows the present one."
            );
            text.AppendLine();
        }

        text.AppendLine(
            report.Rows.Count == 0
                ? $"No policy in mode Audit or Warn would have refused any of the {changes} changes on record {scope}."
                : Table.Of(s_header, report.Rows.Select(r => Cells(r, now)))
        );
        text.AppendLine();
        if (report.Rows is [var first, ..])
        {
            text.AppendLine($"Read an example: kubectl deployguard show {first.Example} -n {first.Namespace}");
            text.AppendLine($"What a reason means: kubectl deployguard explain {first.Reason}");
            text.AppendLine();
        }

        if (report.LeftOut > 0)
        {
            text.AppendLine($"Left out: {report.LeftOut} findings of policies that enforce now, or no longer exist.");
        }

        text.AppendLine("Not in this report:");
        return TerminalText.Printable($"{text}{string.Join('\n', AuditReport.Limits.Select(l => $" - {l}"))}");
    }

    private static string[] Cells(AuditRow row, DateTimeOffset now) =>
        [
            row.Namespace,
            row.Policy,
            row.Mode,
            row.Safeguard,
            row.Reason,
            $"{row.Changes}",
            $"{row.Workloads}",
            Table.Age(now - row.Since),
            Table.Age(now - row.Newest),
            row.Example,
            row.Requester,
        ];
}
