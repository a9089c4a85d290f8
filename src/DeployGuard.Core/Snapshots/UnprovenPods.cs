using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Pods of one workload that would run a revision without proof.</summary>
internal sealed record UnprovenPods(string Key, WorkloadRef Workload, string TemplateHash, IReadOnlyList<string> Images, int Pods)
{
    /// <summary>Those of them that are there, or are made at once, and not only when the turn of others has come.</summary>
    public int Now { get; init; } = Pods;

    /// <summary>The first of them, up to so many pods in all.</summary>
    public static List<UnprovenPods> Cap(IReadOnlyList<UnprovenPods> pods, int most)
    {
        var capped = new List<UnprovenPods>();
        foreach (var some in pods)
        {
            var count = Math.Min(some.Pods, Math.Max(0, most));
            most -= count;
            if (count > 0)
            {
                capped.Add(some with { Pods = count });
            }
        }

        return capped;
    }
}
