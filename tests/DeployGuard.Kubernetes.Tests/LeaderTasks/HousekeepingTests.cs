using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.LeaderTasks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which records the leader deletes of workloads that no cache has.</summary>
public class HousekeepingTests
{
    private const string Change = "/apis/deployguard.io/v1alpha1/namespaces/shop/changes/robot-x-1";
    private const string Robot = "/apis/example.com/v1/namespaces/shop/robots/x";

    [TestCase(true)]
    [TestCase(false)]
    public async Task RunningCustomWorkloadKeepsItsRollbackTargets(bool runs)
    {
        await using var api = await FakeApi.StartAsync();
        var robot =
            """{"apiVersion": "example.com/v1", "kind": "Robot", "metadata": {"name": "x", "namespace": "shop", "uid": "u"}, "spec": {"template": {"spec": {"containers": [{"name": "x", "image": "x"}]}}}}""";
        api.List = $$"""
            {"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "robot-x-1", "namespace": "shop"},
             "spec": {"workload": {"apiGroup": "example.com", "kind": "Robot", "name": "x"}, "templateHash": "v1:{{new string('0', 64)}}"},
             "status": {"phase": "Proven", "conditions": [{"type": "Proven", "status": "True", "lastTransitionTime": "2026-10-01T00:00:00Z"}] } }] }
            """;
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
        var caches = new ClusterCaches(api.Connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var watching = caches.Changes.RunAsync(stop.Token);
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!caches.Changes.IsSynced && waited.Elapsed.TotalSeconds < 30)
        {
            await Task.Delay(10, CancellationToken.None);
        }

        api.Objects["/apis/example.com"] = """{"preferredVersion": {"groupVersion": "example.com/v1"}}""";
        api.Objects[Robot] = runs ? robot : FakeApi.NotFound;
        CustomKind[] kinds = [new("example.com", "robots", "Robot", "spec.template")];
        var custom = new CustomWorkloads(
            api.Connection,
            kinds,
            new WorkloadReader(WorkloadKinds.With(kinds), TemplateNoise.Default, InjectionTable.BuiltIn),
            NullLogger.Instance
        );
        await new Housekeeping(api.Connection, caches, custom, new ChangeWriter(api.Connection, time), time).RunAsync(
            CancellationToken.None
        );

        Assert.That(
            api.Deleted,
            runs ? Is.Empty : Is.EqualTo(new[] { Change, Change.Replace("/changes/", "/changetemplates/", StringComparison.Ordinal) })
        );
        await stop.CancelAsync();
        await watching.ContinueWith(_ => { }, TaskScheduler.Default);
    }
}
