using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>A pool as people see it: a bar for each revision, and the next step.</summary>
internal static class PoolView
{
    private const int MaxBar = 40;

    /// <param name="standings">Of the whole namespace, and at least one of this workload.</param>
    public static string Of(WorkloadRef workload, IReadOnlyList<PoolStanding> standings)
    {
        return string.Join(
            "\n\n",
            standings
                .Where(s => s.Workload == workload)
                .Select(s => (s.Pool, s.Policy))
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
                $"{pool}: {Count(total, rows.Sum(s => s.Pods))}, policy {policy}, steps {string.Join(", ", all[0].Rules.Steps)}% of "
                    + $"{Durations.Show(all[0].Rules.Soak)} each",
                .. rows.Select(
                    (s, i) =>
                        $"  {names[i].PadRight(name)}  {s.Workload.KubectlName.PadRight(owner)}  "
                        + $"{Bar(s.Pods, total, s.IsProven)} {s.Pods}{(s.IsProven ? " proven" : " unproven")}"
                ),
                .. all.Where(s => s.Workload == workload && !s.IsProven)
                    .Select(s => Next(s, rows.Where(r => !r.IsProven).Sum(r => r.Pods))),
            ]
        );
    }

    private static string Bar(int pods, int total, bool isProven) =>
        new(isProven ? '=' : '#', Math.Max(1, total <= MaxBar ? pods : (int)((long)pods * MaxBar / total)));

    /// <summary>During a rollout a pool has more pods than it should have in the end. The rows add up to those that it has now.</summary>
    private static string Count(int desired, int now) =>
        now == desired ? $"{desired} pods"
        : now > desired ? $"{now} pods now, {now - desired} more than the {desired} desired while a rollout replaces pods"
        : $"{now} pods now of {desired} desired";

    /// <param name="now">Pods of all unproven revisions of the pool.</param>
    private static string Next(PoolStanding standing, int now)
    {
        var cap = standing.Share == 100 ? standing.Total : Math.Max(1, standing.Total * standing.Share / 100);
        var completed = standing.HeldPercent == 0 ? "no step completed yet" : $"step {standing.HeldPercent}% completed";
        var coming = standing.Unproven > now ? $", with {standing.Unproven - now} that the rollout in progress adds" : "";
        var unproven =
            $"  {standing.Unproven} of {standing.Total} desired pods ({standing.Unproven * 100 / Math.Max(1, standing.Total)}%) are "
            + $"unproven{coming}; {completed}, step {standing.Share}% allows {cap}";
        var soak = standing.Left is { } left ? $" in {Durations.Show(left)}" : "";
        var wait = standing.Wait.Length > 0 ? $"; {standing.Wait}" : "";
        return standing.HoldsAllSteps
            ? $"{unproven}. Every step is completed: it may run on all pods."
            : $"{unproven}.\n  Next: step {standing.NextShare}%{soak}{wait}";
    }
}
