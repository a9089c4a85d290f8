using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The pods of the namespaces in which a policy requires a canary. Watching all pods of a cluster is expensive; other namespaces do not
/// need it.
/// </summary>
internal sealed class PodCaches(ApiConnection api, WorkloadReader workloads, TextPool texts, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<string, Watch> _watches = new(StringComparer.Ordinal);

    /// <summary>Pods in groups of the same shape; null if the namespace is not watched, or not yet in sync.</summary>
    public IReadOnlyList<PodGroup>? Of(string @namespace) =>
        _watches.TryGetValue(@namespace, out var watch) && watch.Cache.IsSynced ? watch.Groups() : null;

    /// <summary>The caches of the watched namespaces.</summary>
    public IEnumerable<IResourceCache> All => _watches.Values.Select(w => w.Cache);

    /// <summary>The pods of a namespace, read live: for namespaces that are not watched.</summary>
    public async Task<IReadOnlyList<PodGroup>> ReadLiveAsync(string @namespace, CancellationToken cancel)
    {
        var reader = new LivePodReader(workloads, texts);
        var pods = new List<ObservedPod>();
        await api.ListAsync(ApiPaths.Pods(@namespace), item => pods.Add(reader.Read(item)), cancel);
        return [.. pods.GroupBy(p => p.Key).Select(g => new PodGroup(g.First().Shape, [.. g.Select(p => p.Pod)]))];
    }

    /// <summary>Watches the pods of these namespaces, and stops watching others.</summary>
    public void Follow(IReadOnlySet<string> namespaces, CancellationToken cancel)
    {
        foreach (var gone in _watches.Keys.Where(n => !namespaces.Contains(n)).ToList())
        {
            if (_watches.TryRemove(gone, out var watch))
            {
                watch.Stop.Cancel();
            }
        }

        foreach (var @namespace in namespaces.Where(n => !_watches.ContainsKey(n)))
        {
            var watch = new Watch(@namespace, api, workloads, texts, time, logger, cancel);
            _watches[@namespace] = watch;
            watch.Start();
        }
    }

    private sealed class Watch
    {
        private const int MaxIdleShapes = 1000;

        private readonly LivePodReader _reader;
        private readonly ConditionalWeakTable<IReadOnlyList<ObservedPod>, PodGroup> _groups = [];
        private Kept? _last;

        public Watch(
            string @namespace,
            ApiConnection api,
            WorkloadReader workloads,
            TextPool texts,
            TimeProvider time,
            ILogger logger,
            CancellationToken cancel
        )
        {
            _reader = new LivePodReader(workloads, texts);
            Stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Cache = new ResourceCache<ObservedPod>(
                $"pods of {@namespace}",
                _ => ValueTask.FromResult(ApiPaths.Pods(@namespace)),
                _reader.Read,
                p => p.Known.Index,
                api,
                time,
                logger
            );
        }

        public CancellationTokenSource Stop { get; }

        public ResourceCache<ObservedPod> Cache { get; }

        /// <summary>Ends when the namespace is no longer followed.</summary>
        public void Start() => _ = RunAsync();

        /// <summary>The same list as before, where no pod changed.</summary>
        public IReadOnlyList<PodGroup> Groups()
        {
            var groups = Cache.Groups();
            if (_last is { } last && ReferenceEquals(last.Source, groups))
            {
                return last.Groups;
            }

            if (_reader.Shapes > (2 * groups.Count) + MaxIdleShapes)
            {
                _reader.Keep(groups.Select(g => g[0].Key).ToHashSet(StringComparer.Ordinal));
            }

            // Most groups are unchanged.
            return (
                _last = new Kept(
                    groups,
                    [.. groups.Select(g => _groups.GetValue(g, static pods => new PodGroup(pods[0].Shape, [.. pods.Select(p => p.Pod)])))]
                )
            ).Groups;
        }

        private async Task RunAsync()
        {
            try
            {
                await Cache.RunAsync(Stop.Token);
            }
            catch (OperationCanceledException) when (Stop.IsCancellationRequested)
            {
                // No longer followed.
            }
        }

        private sealed record Kept(IReadOnlyList<IReadOnlyList<ObservedPod>> Source, IReadOnlyList<PodGroup> Groups);
    }
}
