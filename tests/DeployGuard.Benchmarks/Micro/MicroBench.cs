using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks.Micro;

/// <summary>
/// BenchmarkDotNet with its memory diagnoser. It runs in this process: by default it generates a project and builds it, which would need
/// lock files and settings of its own.
/// </summary>
internal static class MicroBench
{
    private const int Rounds = 7;
    private const int WarmUps = 10;

    public static Section Run()
    {
        var machine = ThisMachine.Read();
        var folder = Directory.CreateTempSubdirectory("deployguard-bench-");
        try
        {
            var summary = BenchmarkRunner.Run<DecisionBenchmarks>(Configuration(folder.FullName));
            return new Section(
                "micro",
                $"BenchmarkDotNet in process, {Rounds} rounds after {WarmUps} of warm-up. 1,120 workloads cached; names, uids and images of "
                    + "the reviews vary. The time and bytes of the benchmark's own request and response are in it.",
                TimeProvider.System.GetUtcNow(),
                machine,
                [.. summary.Reports.Select(RowOf)]
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static ManualConfig Configuration(string folder) =>
        ManualConfig
            .CreateEmpty()
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(WarmUps).WithIterationCount(Rounds))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(NullLogger.Instance)
            .WithArtifactsPath(folder);

    private static Row RowOf(BenchmarkReport report)
    {
        var name = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
        if (!report.Success || report.ResultStatistics is not { } statistics)
        {
            throw new InvalidOperationException($"{name} was not measured");
        }

        return new Row(
            name,
            new Dictionary<string, Figure>
            {
                ["µs"] = Figure.Absolute("µs", [.. statistics.OriginalValues.Select(nanoseconds => nanoseconds / 1_000)]),
                // Not compared with a baseline: what the replica's other threads allocate meanwhile is in it.
                ["bytes"] = Figure.Absolute("bytes", [report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0]),
            }
        );
    }
}
