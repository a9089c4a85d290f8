using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>What a new BreakGlass allows, what it does not, and what to run next.</summary>
internal static class BreakGlassView
{
    /// <param name="waiting">The Change that waits for this workload; null if there is none, or more than one.</param>
    public static string Of(BreakGlass made, Change? waiting, DateTimeOffset now)
    {
        string[] users = made.For.Length > 0 ? [made.RequestedBy.Username, made.For] : [made.RequestedBy.Username];
        var what = made.Workload is { } workload ? workload.ToString() : $"every workload in namespace {made.Namespace}";
        List<string> lines =
        [
            $"BreakGlass {made.Name} waives {string.Join(", ", made.Waives)} of {what} for {string.Join(" and ", users)} until {made.ExpiresAt:u}, "
                + $"in {Left(made.ExpiresAt - now)}.",
            .. Vetoes(made, waiting),
            .. NotWaived(made),
            $"Next: retry the deploy as {string.Join(" or ", users)}. From its admission on, another person can review it, and must: "
                + ReviewAdvice.Command(waiting?.Name ?? "CHANGE", made.Namespace)
                + (waiting is null ? " (the warning of the deploy names the CHANGE)" : ""),
            $"To end it early, run: kubectl delete breakglass {made.Name} -n {made.Namespace}",
        ];
        return string.Join('\n', lines);
    }

    /// <summary>The on-call engineer may not know that somebody rejected the change.</summary>
    private static IEnumerable<string> Vetoes(BreakGlass made, Change? waiting)
    {
        var voters = (waiting?.Votes ?? []).Where(v => !v.IsGone && v.Decision is Decision.Reject).Select(v => v.By).Distinct().ToList();
        if (voters.Count > 0 && made.Waives.Contains("Approval"))
        {
            yield return $"Note: {string.Join(" and ", voters)} rejected {waiting?.Name}, and the BreakGlass waives that too. Read why: "
                + $"kubectl deployguard show {waiting?.Name} -n {made.Namespace}";
        }
    }

    private static IEnumerable<string> NotWaived(BreakGlass made)
    {
        var rest = BreakGlass.Waivable.Except(made.Waives).ToList();
        if (rest.Count > 0)
        {
            var what = made.Workload is { } workload ? $" {workload.KubectlName}" : "";
            var machine = made.For.Length > 0 ? $" --for {ShellText.Argument(made.For)}" : "";
            yield return $"Not waived: {string.Join(", ", rest)}. If one of them refuses the deploy, run: kubectl deployguard breakglass{what} "
                + $"-n {made.Namespace} --incident {ShellText.Argument(made.Incident)} --reason {ShellText.Argument(made.Reason)}{machine} "
                + $"--waive {string.Join(',', rest)}";
        }
    }

    /// <summary>To the minute, unless it is less than one.</summary>
    private static string Left(TimeSpan left) =>
        Durations.Show(left < TimeSpan.FromMinutes(1) ? left : TimeSpan.FromMinutes(Math.Round(left.TotalMinutes)));
}
