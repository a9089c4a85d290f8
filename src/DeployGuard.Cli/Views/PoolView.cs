using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>A pool as people see it: a bar for each revision, and the next step.</summary>
internal static class PoolView
{
    private const int MaxBar = 40;

    /// <param name="standings">Of the whole namespace.</param>
    public static string Of(WorkloadRef workload, IReadOnlyList<PoolStanding> standings)
    {
        var own = standings.Where(s => s.Workload == workload).ToList();
        return own.Count == 0
            ? $"{workload}: no policy requires a canary here, or the workload does not exist."
            : string.Join(
                "\n\n",
                own.Select(s => (s.Pool, s.Policy))
                    .Distinct()
                    .Select(p => Draw(workload, p.Pool, p.Policy, [.. standings.Where(s => s.Pool == p.Pool && s.Policy == p.Policy)]))
            );
    }

    private static string Draw(WorkloadRef workload, string pool, string policy, IReadOnlyList<PoolStanding> all)
    {
        var total = all[0].Total;
        var rows = all.Where(s => s.Pods > 0)
            .OrderByDescending(s => s.IsProven)
            .ThenBy(s => s.Workload.Name, StringComparer.Ordinal)
            .ToList();
        var names = rows.ConvertAll(s => s.ShortName);
        var (name, owner) = (
            names.Select(n => n.Length).DefaultIfEmpty(0).Max(),
            rows.Select(s => s.Workload.KubectlName.Length).DefaultIfEmpty(0).Max()
        );
        return string.Join(
            '\n',
            [
                $"{pool}: {total} pods, policy {policy}, steps {string.Join(", ", all[0].Rules.Steps)}% of "
                    + $"{Durations.Show(all[0].Rules.Soak)} each",
                .. rows.Select(
                    (s, i) =>
                        $"  {names[i].PadRight(name)}  {s.Workload.KubectlName.PadRight(owner)}  "
                        + $"{Bar(s.Pods, total, s.IsProven)} {s.Pods}{(s.IsProven ? " proven" : " unproven")}"
                ),
                .. all.Where(s => s.Workload == workload && !s.IsProven).Select(Next),
            ]
        );
    }

    private static string Bar(int pods, int total, bool isProven) =>
        new(isProven ? '=' : '#', Math.Max(1, total <= MaxBar ? pods : (int)((long)pods * MaxBar / total)));

    private static string Next(PoolStanding standing)
    {
        var cap = standing.Share == 100 ? standing.Total : Math.Max(1, standing.Total * standing.Share / 100);
        var completed = standing.HeldPercent == 0 ? "no step completed yet" : $"step {standing.HeldPercent}% completed";
        var unproven =
            $"  {standing.Unproven} of {standing.Total} pods ({standing.Unproven * 100 / Math.Max(1, standing.Total)}%) are "
            + $"unproven; {completed}, step {standing.Share}% allows {cap}";
        var soak = standing.Left is { } left ? $" in {Durations.Show(left)}" : "";
        var wait = standing.Wait.Length > 0 ? $"; {standing.Wait}" : "";
        return standing.HoldsAllSteps
            ? $"{unproven}. Every step is completed: it may run on all pods."
            : $"{unproven}.\n  Next: step {standing.NextShare}%{soak}{wait}";
    }
}
