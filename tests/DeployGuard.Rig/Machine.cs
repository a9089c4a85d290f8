using System.Globalization;

namespace DeployGuard.Rig;

/// <summary>The capacity of this machine, and its current load.</summary>
public static class Machine
{
    /// <summary>One control plane with DeployGuard: 0.7 GB on Kubernetes 1.20, a gigabyte on 1.36, more at its peak.</summary>
    private const long MemoryPerCluster = 1536L * 1024 * 1024;

    private const string LoadAverage = "/proc/loadavg";

    private static int Cores => Math.Max(1, Environment.ProcessorCount);

    /// <summary>
    /// Concurrent control planes: two for each core, if memory allows, because a cluster in which a test waits takes a tenth of a core.
    /// At least two, because the shared cluster runs all the time.
    /// </summary>
    public static int MaxClusters { get; } =
        (int)Math.Max(2, Math.Min(2 * Cores, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MemoryPerCluster));

    /// <summary>Concurrent tests. They wait about twice as long as they use the CPU.</summary>
    public static int TestSlots { get; } = 3 * Cores;

    /// <summary>The slots of a heavy test: one other test for each core can run at the same time.</summary>
    public static int HeavyTestSlots => TestSlots - Cores;

    /// <summary>The part of a core that a process gets now: 1 on an idle machine, a tenth if ten processes compete for each core.</summary>
    public static double CpuShare
    {
        get
        {
            // 0.52 0.41 0.38 3/512 9871: three processes run or could run.
            var fields = File.Exists(LoadAverage) ? File.ReadAllText(LoadAverage).Split(' ', '/') : [];
            var runnable = fields.Length > 3 && int.TryParse(fields[3], CultureInfo.InvariantCulture, out var processes) ? processes : 1;
            return Math.Min(1, (double)Cores / runnable);
        }
    }
}
