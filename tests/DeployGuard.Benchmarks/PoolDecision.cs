using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Benchmarks;

/// <summary>How long a decision about a canary takes with a pool of ten thousand pods, beside the same with ten; refused, with every pod of the revision at hand.</summary>
internal static class PoolDecision
{
    private const int Rounds = 500;

    private static readonly DateTimeOffset s_now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static void Run()
    {
        Console.WriteLine("A scale-up of a canary that is refused, from request to message, in process: half of the pool's pods are of its revision.");
        Console.WriteLine("pods      p50 ms   p99 ms");
        var small = Measure(10);
        var large = Measure(10_000);
        Print(10, small);
        Print(10_000, large);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ratio   {large.P50 / small.P50,8:0.00} {large.P99 / small.P99,8:0.00}"));
    }

    private static (double P50, double P99) Measure(int pods)
    {
        var guard = new Guard(TrustedControllers.BuiltIn);
        var (web, canary) = (Deployment("web", pods / 2, '1'), Deployment("web-canary", pods / 2, '2'));
        var view = View(web, canary, pods / 2);
        var request = new WorkloadRequest
        {
            Operation = Operation.Update,
            Requester = new Requester("dana", "", ["developers"]),
            Target = canary.Ref,
            Before = canary,
            After = canary with { Replicas = pods },
        };
        var times = new List<double>();
        for (var i = 0; i < Rounds * 2; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var verdict = guard.Decide(request, view, s_now);
            var message = Messages.Refusal(verdict);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (!message.Contains("CanaryMissing", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"not the decision to be measured: {message}");
            }
        }

        // The first half warms up.
        var measured = times.Skip(Rounds).Order().ToList();
        return (measured[Rounds / 2], measured[Rounds * 99 / 100]);
    }

    private static ClusterView View(Workload web, Workload canary, int pods)
    {
        var policy = PolicyReader.Read(JsonDocument.Parse("""{"metadata": {"name": "tier-1"}, "spec": {"canary": {"required": "Always", "steps": [5, 25, 50]}}}""").RootElement);
        RecordedChange[] changes = [Change(web, Phase.Proven), Change(canary, Phase.Completed)];
        return new ClusterView
        {
            Policies = [policy],
            Changes = [changes[1]],
            Snapshot = new NamespaceSnapshot
            {
                Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
                Members = [Member(web), Member(canary)],
                Changes = changes,
                // Not one of them is old enough: nothing is cut short.
                Pods = [.. Enumerable.Range(0, pods).Select(i => new LivePod
                {
                    Owner = canary.Ref, TemplateHash = canary.Template.Hash, CreatedAt = s_now.AddSeconds(-i % 500), ReadySince = s_now.AddSeconds(-i % 500), StartedAt = s_now.AddSeconds(-i % 500),
                })],
            },
        };
    }

    private static Member Member(Workload workload) => new()
    {
        Spec = workload,
        Pods = [new RevisionPods(workload.Template.Hash, null, workload.Template.ImageNames, workload.Replicas)],
    };

    private static RecordedChange Change(Workload workload, Phase phase) => new()
    {
        Name = workload.Ref.Name,
        Workload = workload.Ref,
        TemplateHash = workload.Template.Hash,
        Images = workload.Template.ImageNames,
        Phase = phase,
    };

    private static Workload Deployment(string name, int replicas, char digest) => WorkloadReader.Default.Read(JsonDocument.Parse($$$"""
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{{name}}}", "namespace": "shop", "uid": "uid-{{{name}}}"},
         "spec": {"replicas": {{{replicas}}}, "selector": {"matchLabels": {"track": "{{{name}}}"} },
          "template": {"metadata": {"labels": {"app": "web", "track": "{{{name}}}"} },
           "spec": {"containers": [{"name": "web", "image": "registry.example.com/web@sha256:{{{new string(digest, 64)}}}"}] } } } }
        """).RootElement);

    private static void Print(int pods, (double P50, double P99) times) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pods,6}  {times.P50,8:0.000} {times.P99,8:0.000}"));
}
