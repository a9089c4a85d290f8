using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>What a new BreakGlass allows, what it does not, and what to run next.</summary>
internal static class BreakGlassView
{
    private const int MaxVetoes = 5;

    /// <param name="waiting">The Changes that were refused, of the workloads that it covers.</param>
    /// <param name="isToBeCreated">The deploy creates the workload.</param>
    public static string Of(BreakGlass made, IReadOnlyList<Change> waiting, bool isToBeCreated, DateTimeOffset now)
    {
        string[] users = made.For.Length > 0 ? [made.RequestedBy.Username, made.For] : [made.RequestedBy.Username];
        var what = made.Workload is { } workload ? workload.ToString() : $"every workload in namespace {made.Namespace}";
        List<string> lines =
        [
            $"BreakGlass {made.Name} waives {string.Join(", ", made.Waives)} of {what} for {string.Join(" and ", users)} until {Rfc3339.Show(made.ExpiresAt)}, "
                + $"in {Left(made.ExpiresAt - now)}.",
            .. Vetoes(made, waiting),
            .. NotWaived(made, isToBeCreated),
            $"Next: retry the deploy as {string.Join(" or ", users)}. {Review(made, waiting)}",
            $"To end it early, run: kubectl delete breakglass {made.Name} -n {made.Namespace}",
        ];
        return string.Join('\n', lines);
    }

    private static string Review(BreakGlass made, IReadOnlyList<Change> waiting) =>
        made.IsOfService
            ? "A Service has no Change: another person must review why, in this BreakGlass"
            : "From its admission on, another person can review it, and must: "
                + (
                    waiting is [var only]
                        ? $"{ReviewAdvice.Command(only.Name, made.Namespace)} (if you deploy another revision, the warning of the deploy names its "
                            + "Change)"
                        : $"{ReviewAdvice.Command("CHANGE", made.Namespace)} (the warning of the deploy names the CHANGE)"
                );

    /// <summary>The on-call engineer may not know that somebody rejected the change.</summary>
    private static IEnumerable<string> Vetoes(BreakGlass made, IReadOnlyList<Change> waiting)
    {
        if (!made.Waives.Contains("Approval"))
        {
            yield break;
        }

        var vetoed = waiting.Select(change => (Change: change, Voters: Rejecters(change))).Where(v => v.Voters.Count > 0).ToList();
        foreach (var (change, voters) in vetoed.Take(MaxVetoes))
        {
            yield return $"Note: {string.Join(" and ", voters)} rejected {change.Name}, and the BreakGlass waives that too. Read why: "
                + $"kubectl deployguard show {change.Name} -n {made.Namespace}";
        }

        if (vetoed.Count > MaxVetoes)
        {
            yield return $"Note: {vetoed.Count - MaxVetoes} more are rejected: kubectl get changes -n {made.Namespace}";
        }
    }

    private static List<string> Rejecters(Change change) =>
        [.. change.Votes.Where(v => !v.IsGone && v.Decision is Decision.Reject).Select(v => v.By).Distinct()];

    private static IEnumerable<string> NotWaived(BreakGlass made, bool isToBeCreated)
    {
        var rest = BreakGlass.Waivable.Except(made.Waives).ToList();
        if (rest.Count > 0 && !made.IsOfService)
        {
            var what = made.Workload is { } workload ? $" {workload.KubectlName}" : "";
            var machine = made.For.Length > 0 ? $" --for {ShellText.Argument(made.For)}" : "";
            yield return $"Not waived: {string.Join(", ", rest)}. If one of them refuses the deploy, run: kubectl deployguard breakglass{what} "
                + $"-n {made.Namespace} --incident {ShellText.Argument(made.Incident)} --reason {ShellText.Argument(made.Reason)}{machine} "
                + $"--waive {string.Join(',', rest)}{(isToBeCreated ? " --to-be-created" : "")}";
        }
    }

    /// <summary>To the second while that matters, otherwise to the minute.</summary>
    private static string Left(TimeSpan left) =>
        Durations.Show(
            left < TimeSpan.FromMinutes(10)
                ? TimeSpan.FromSeconds(Math.Round(left.TotalSeconds))
                : TimeSpan.FromMinutes(Math.Round(left.TotalMinutes))
        );
}
