using System.Diagnostics;
using System.Text.Json;
using DeployGuard.Benchmarks.Results;
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
    private const int RoundsOfBoth = 5;

    private static readonly SafeguardPolicy s_policy = PolicyReader.Read(
        JsonDocument
            .Parse("""{"metadata": {"name": "tier-1"}, "spec": {"canary": {"required": "Always", "steps": [5, 25, 50]}}}""")
            .RootElement
    );

    public static Section Run()
    {
        var machine = ThisMachine.Read();
        var (small, large) = (new List<(double P50, double P99)>(), new List<(double P50, double P99)>());
        for (var round = 0; round < RoundsOfBoth; round++)
        {
            small.Add(Measure(10));
            large.Add(Measure(10_000));
        }

        return new Section(
            "pool",
            "A scale-up of a canary that is refused, from the objects of its namespace to the message, in process: half of the pool's pods "
                + "are of its revision.",
            TimeProvider.System.GetUtcNow(),
            machine,
            [RowOf("10 pods", small, small), RowOf("10,000 pods", large, small)]
        );
    }

    private static Row RowOf(string name, List<(double P50, double P99)> measured, List<(double P50, double P99)> small)
    {
        Figure P50(List<(double P50, double P99)> of) => Figure.Absolute("ms", [.. of.Select(m => m.P50)]);
        return new Row(
            name,
            new Dictionary<string, Figure>
            {
                ["p50 ms"] = P50(measured),
                ["ratio to 10 pods"] = P50(measured).RatioTo(P50(small)),
                ["p99 ms"] = Figure.Absolute("ms", [.. measured.Select(m => m.P99)]),
            }
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
}
