using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A record with one field that is wrong is left out, and the log names the record and the field.</summary>
public class UnreadableRecordTests
{
    [TestCase(
        "changes",
        """{"metadata": {"name": "bad", "namespace": "shop"}, "spec": {"workload": {"kind": "Deployment", "name": "web"}, "templateHash": "v2:0"}, "status": {"phase": "Pending", "held": [{"percent": "five"}]}}""",
        "changes shop/bad cannot be read: status.held[0].percent: expected a whole number, found a string"
    )]
    [TestCase(
        "changeapprovals",
        """{"metadata": {"name": "bad", "namespace": "shop"}, "spec": {"workload": {"kind": "Deployment", "name": 1}, "templateHash": "v2:0", "decision": "Reject"}}""",
        "changeapprovals shop/bad cannot be read: spec.workload.name: expected a string, found a number"
    )]
    [TestCase(
        "breakglasses",
        """{"metadata": {"name": "bad", "namespace": "shop"}, "spec": {"waives": "Approval"}}""",
        "breakglasses shop/bad cannot be read: spec.waives: expected a list, found a string"
    )]
    public async Task InvalidRecordIsNamedWithItsField(string resource, string record, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        api.Objects[$"/apis/deployguard.io/v1alpha1/{resource}"] = $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{record}}]}""";
        using var log = new Lines();
        var caches = new ClusterCaches(api.Connection, WorkloadReader.Default, TimeProvider.System, log);
        using var stop = new CancellationTokenSource();
        var cache = caches.All.Single(c => c.Name == resource);
        var running = cache.RunAsync(stop.Token);

        Assert.That(() => cache.IsSynced, Is.True.After(30_000, 10));

        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.That(log.Written, Has.One.EqualTo(expected));
    }

    private sealed class Lines : ILogger, IDisposable
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _written = [];

        public IEnumerable<string> Written => _written;

        public IDisposable BeginScope<TState>(TState state)
            where TState : notnull => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => _written.Enqueue(formatter(state, exception));

        public void Dispose() { }
    }
}
