using System.Globalization;
using System.Runtime.InteropServices;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>What is known of the machine that measures.</summary>
internal static class ThisMachine
{
    public static MachineFacts Read() =>
        new(
            Lines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
                ?? RuntimeInformation.ProcessArchitecture.ToString(),
            Environment.ProcessorCount,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9,
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
            Lines("/proc/loadavg").FirstOrDefault() is { } load ? double.Parse(load.Split(' ')[0], CultureInfo.InvariantCulture) : 0
        );

    private static IEnumerable<string> Lines(string file) => File.Exists(file) ? File.ReadLines(file) : [];
}
