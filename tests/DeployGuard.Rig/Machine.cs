using System.Globalization;

namespace DeployGuard.Rig;

/// <summary>What this machine has room for, and how much of it is left now.</summary>
public static class Machine
{
    /// <summary>One control plane with what runs on it: 0.7 GB on Kubernetes 1.20, a gigabyte on 1.36, more at its peak.</summary>
    private const long MemoryPerCluster = 1536L * 1024 * 1024;

    private const string LoadAverage = "/proc/loadavg";

    private static int Cores => Math.Max(1, Environment.ProcessorCount);

    /// <summary>
    /// Control planes at a time: two for each core that memory carries too, because a world in which a test waits takes a tenth of a core.
    /// Never less than two, because the one that most tests share stays while others come and go beside it.
    /// </summary>
    public static int MaxClusters { get; } = (int)Math.Max(2, Math.Min(2 * Cores, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MemoryPerCluster));

    /// <summary>Tests that work at a time. They wait about twice as long as they work.</summary>
    public static int TestSlots { get; } = 3 * Cores;

    /// <summary>How many of these a test takes that measures under load: one other for each core goes on beside it.</summary>
    public static int HeavyTestSlots => TestSlots - Cores;

    /// <summary>The part of a core that a process gets now: 1 on a machine with room, a tenth where ten processes compete for each core.</summary>
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
