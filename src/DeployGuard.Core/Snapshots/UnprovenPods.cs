using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Pods of one workload that would run an unproven revision.</summary>
internal sealed record UnprovenPods(string Key, WorkloadRef Workload, string TemplateHash, IReadOnlyList<string> Images, int Pods)
{
    /// <summary>Pods that exist or are created at once, without waiting for others.</summary>
    public int Now { get; init; } = Pods;

    /// <summary>The first entries, up to so many pods in total.</summary>
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
