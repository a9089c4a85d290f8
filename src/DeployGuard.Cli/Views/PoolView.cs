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
        var desired = all[0].Desired;
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
                $"{pool}: {Count(desired, rows.Sum(s => s.Pods))}, policy {policy}, steps {string.Join(", ", all[0].Rules.Steps)}% of "
                    + $"{Durations.Show(all[0].Rules.Soak)} each",
                .. rows.Select(
                    (s, i) =>
                        $"  {names[i].PadRight(name)}  {s.Workload.KubectlName.PadRight(owner)}  "
                        + $"{Bar(s.Pods, desired, s.IsProven)} {s.Pods}{(s.IsProven ? " proven" : " unproven")}"
                ),
                .. all.Where(s => s.Workload == workload && !s.IsProven).Select(s => Next(s, rows)),
            ]
        );
    }

    private static string Bar(int pods, int total, bool isProven) =>
        new(isProven ? '=' : '#', Math.Max(1, total <= MaxBar ? pods : (int)((long)pods * MaxBar / total)));

    /// <summary>During a rollout a pool has more pods than it should have in the end. The rows add up to those that it has now.</summary>
    private static string Count(int desired, int now) =>
        now == desired ? Pods(desired)
        : now > desired ? $"{Pods(now)} now, {now - desired} more than the {desired} desired while a rollout replaces pods"
        : $"{Pods(now)} now of {desired} desired";

    private static string Next(PoolStanding standing, List<PoolStanding> rows)
    {
        var completed = standing.HeldPercent == 0 ? "no step completed yet" : $"step {standing.HeldPercent}% completed";
        var now = IsRolledOut(standing, rows)
            ? $"  The rollout of {standing.Workload.KubectlName} is complete: "
                + $"{(standing.Pods == 1 ? "its pod runs" : $"all {standing.Pods} pods run")} {standing.ShortName}. It is not proven yet: {completed}"
            : $"{Unproven(standing, rows)}; {completed}, {Limit(standing, rows)}";
        var soak = standing.Left is { } left ? $" in {Durations.Show(left)}" : "";
        var wait = standing.Wait.Length > 0 ? $"; {standing.Wait}" : "";
        return standing.HoldsAllSteps
            ? $"{now}. Every step is completed: it may run on all pods."
            : $"{now}.\n  Next: step {standing.NextShare}%{soak}{wait}";
    }

    /// <summary>With the pods that a rollout in progress will add.</summary>
    private static string Unproven(PoolStanding standing, List<PoolStanding> rows)
    {
        var now = rows.Where(r => !r.IsProven).Sum(r => r.Pods);
        var coming = standing.Unproven > now ? $", with {standing.Unproven - now} that the rollout in progress adds" : "";
        var of = standing.Unproven > standing.Desired ? Math.Max(standing.Total, standing.Unproven) : standing.Desired;
        return $"  {standing.Unproven} of {of} desired pods ({standing.Unproven * 100 / Math.Max(1, of)}%) are unproven{coming}";
    }

    /// <summary>A rollout in place by batches is limited by its pace, and not by a step.</summary>
    private static string Limit(PoolStanding standing, List<PoolStanding> rows) =>
        !standing.Workload.Type.HasPartition && rows.Exists(r => r.Workload == standing.Workload && r.TemplateHash != standing.TemplateHash)
            ? "and its rollout in place goes on at its pace"
            : $"step {standing.Share}% allows {(standing.Share == 100 ? standing.Total : Math.Max(1, standing.Total * standing.Share / 100))}";

    /// <summary>It replaced every other revision of the pool, so that no proven pod is left: steps limit nothing any more.</summary>
    private static bool IsRolledOut(PoolStanding standing, List<PoolStanding> rows) =>
        standing is { IsCurrent: true, Pods: > 0 }
        && standing.Pods >= standing.Size
        && rows.TrueForAll(r => r.TemplateHash == standing.TemplateHash && r.Workload == standing.Workload);

    public static string Pods(int count) => count == 1 ? "1 pod" : $"{count} pods";
}
