using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Reservations;

/// <summary>
/// Tells whether admitted objects were written. The API server writes an object right after the review; a review that another client sent
/// leads to no write, and must not hold a place for longer.
/// </summary>
internal sealed class RecentObjects(ApiConnection api, ClusterCaches caches)
{
    /// <summary>By then an admitted object is written, unless another webhook is slow; after it, the object is looked up.</summary>
    public static readonly TimeSpan WrittenWithin = TimeSpan.FromSeconds(5);

    /// <summary>Objects that are looked up at once; those beyond it count as written.</summary>
    private const int MaxLookups = 16;

    private static readonly TimeSpan s_lookupTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>The admissions whose object was not written; none if that cannot be read in time.</summary>
    /// <param name="isWritten">Whether the current workload, or null, is the admitted one.</param>
    public async Task<IReadOnlySet<T>> MissingAsync<T>(
        IEnumerable<T> admitted,
        Func<T, WorkloadRef> workload,
        Func<T, Workload?, bool> isWritten,
        CancellationToken cancel
    )
    {
        var unknown = admitted
            .Where(a => CanBeSeen(workload(a)) && !isWritten(a, caches.FindWorkload(workload(a))?.Spec))
            .Distinct()
            .Take(MaxLookups)
            .ToList();
        if (unknown.Count == 0)
        {
            return new HashSet<T>();
        }

        using var cap = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        cap.CancelAfter(s_lookupTimeout);
        try
        {
            var found = await Task.WhenAll(
                unknown.Select(a => workload(a)).Distinct().Select(async w => (Workload: w, Now: await FindAsync(w, cap.Token)))
            );
            var now = found.ToDictionary(f => f.Workload, f => f.Now);
            return unknown.Where(a => !isWritten(a, now[workload(a)])).ToHashSet();
        }
        catch (Exception fault)
            when (!cancel.IsCancellationRequested
                && fault is ApiException or HttpRequestException or OperationCanceledException or JsonException
            )
        {
            return new HashSet<T>();
        }
    }

    private bool CanBeSeen(WorkloadRef workload) => caches.WorkloadsOf(workload) is not null || IsPod(workload);

    private async Task<Workload?> FindAsync(WorkloadRef workload, CancellationToken cancel)
    {
        if (caches.WorkloadsOf(workload) is { } cache)
        {
            return (await cache.ReadLiveAsync(workload.Namespace, cancel, workload.Name)).FirstOrDefault(w => w.Ref == workload)?.Spec;
        }

        using var pod = await api.FindAsync(ApiPaths.One(ApiPaths.Pods(workload.Namespace), workload.Name), cancel);
        return pod is null
            ? null
            : ObservedWorkload.Read(pod.RootElement, BuiltInKinds.Pod.ApiVersion, BuiltInKinds.Pod.Name, caches.Reader).Spec;
    }

    private static bool IsPod(WorkloadRef workload) => workload.Type.IsItsOwnTemplate;
}
