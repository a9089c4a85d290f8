using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Reservations;

/// <summary>
/// Whether what was let in came to be. The API server writes at once what it asked us about; what anybody else sent to the port is never written, and must
/// hold nobody's place for longer than that takes.
/// </summary>
internal sealed class RecentObjects(ApiConnection api, ClusterCaches caches)
{
    /// <summary>By then it is written, unless another webhook is slow; from then on it is looked for.</summary>
    public static readonly TimeSpan WrittenWithin = TimeSpan.FromSeconds(5);

    /// <summary>What is not looked for counts.</summary>
    private const int MaxLooks = 16;

    private static readonly TimeSpan s_lookTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>Those of the workloads of which nothing came. Where that cannot be said in time, none.</summary>
    /// <param name="came">Whether the workload, as it is now, is what was let in; it is given null where there is none.</param>
    public async Task<IReadOnlySet<T>> MissingAsync<T>(IEnumerable<T> asked, Func<T, WorkloadRef> workload, Func<T, Workload?, bool> came, CancellationToken cancel)
    {
        var unknown = asked.Where(a => CanBeSeen(workload(a)) && !came(a, caches.FindWorkload(workload(a))?.Spec)).Distinct().Take(MaxLooks).ToList();
        if (unknown.Count == 0)
        {
            return new HashSet<T>();
        }

        using var cap = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        cap.CancelAfter(s_lookTimeout);
        try
        {
            var found = await Task.WhenAll(unknown.Select(a => workload(a)).Distinct().Select(async w => (Workload: w, Now: await FindAsync(w, cap.Token))));
            var now = found.ToDictionary(f => f.Workload, f => f.Now);
            return unknown.Where(a => !came(a, now[workload(a)])).ToHashSet();
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested && fault is ApiException or HttpRequestException or OperationCanceledException or JsonException)
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

        using var pod = await api.FindAsync($"api/v1/namespaces/{workload.Namespace}/pods/{Uri.EscapeDataString(workload.Name)}", cancel);
        return pod is null ? null : ObservedWorkload.Read(pod.RootElement, "v1", "Pod", caches.Reader).Spec;
    }

    private static bool IsPod(WorkloadRef workload) => workload is { ApiGroup: "", Kind: "Pod" };
}
