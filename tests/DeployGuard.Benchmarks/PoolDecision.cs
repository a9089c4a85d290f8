using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The time of a decision about a canary in a pool of ten thousand pods, compared with ten. The decision is a refusal with every pod of
/// the revision. The owner of each object is found within the measured time.
/// </summary>
internal static class PoolDecision
{
    private const int Rounds = 500;

    private static readonly SafeguardPolicy s_policy = PolicyReader.Read(
        JsonDocument
            .Parse("""{"metadata": {"name": "tier-1"}, "spec": {"canary": {"required": "Always", "steps": [5, 25, 50]}}}""")
            .RootElement
    );

    public static void Run()
    {
        Console.WriteLine(
            "A scale-up of a canary that is refused, from the objects of its namespace to the message, in process: half of the "
                + "pool's pods are of its revision."
        );
        Console.WriteLine("pods      p50 ms   p99 ms");
        var small = Measure(10);
        var large = Measure(10_000);
        Print(10, small);
        Print(10_000, large);
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"ratio   {large.P50 / small.P50, 8:0.00} {large.P99 / small.P99, 8:0.00}")
        );
    }

    private static (double P50, double P99) Measure(int pods)
    {
        var (web, canary) = (PoolFixture.Deployment("web", pods / 2, '1'), PoolFixture.Deployment("web-canary", pods / 2, '2'));
        IReadOnlyList<Change> changes = [PoolFixture.Change(web, Phase.Proven), PoolFixture.Change(canary, Phase.Completed)];
        var objects = PoolFixture.Objects(web, canary, changes);
        return Timed(() => Decide(canary, changes, objects.ToSnapshot));
    }

    /// <summary>Decides about a canary that requests twice as many pods.</summary>
    /// <exception cref="InvalidOperationException">That is not refused.</exception>
    public static void Decide(Workload canary, IReadOnlyList<Change> changes, Func<NamespaceSnapshot> snapshot)
    {
        var request = new WorkloadRequest
        {
            Operation = Operation.Update,
            Requester = new Requester("dana", "", ["developers"]),
            Target = canary.Ref,
            Before = canary,
            After = canary with { Replicas = 2 * canary.Replicas },
        };
        var cluster = new ClusterSnapshot
        {
            Policies = [s_policy],
            Changes = [.. changes.Where(c => c.Workload == canary.Ref)],
            Namespace = snapshot(),
        };
        var message = Messages.Refusal(SafeguardList.Evaluator(TrustedControllers.BuiltIn).Evaluate(request, cluster, PoolFixture.Now));
        if (!message.Contains("CanaryStepExceeded", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"not the decision to be measured: {message}");
        }
    }

    public static (double P50, double P99) Timed(Action decide)
    {
        var times = new List<double>();
        for (var i = 0; i < Rounds * 2; i++)
        {
            var started = Stopwatch.GetTimestamp();
            decide();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        // The first half warms up.
        var measured = times.Skip(Rounds).Order().ToList();
        return (measured[Rounds / 2], measured[Rounds * 99 / 100]);
    }

    private static void Print(int pods, (double P50, double P99) times) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pods, 6}  {times.P50, 8:0.000} {times.P99, 8:0.000}"));
}
