using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Reservations;

/// <summary>
/// The exposure that requests were admitted for a moment ago, in ConfigMaps. Replicas write them by compare-and-swap before they answer, so
/// that canaries requested at the same moment on several replicas cannot all be the first. An entry ends if its object is not written.
/// </summary>
/// <param name="recent">Tells whether the admitted object was written.</param>
/// <param name="timeout">Time limit; null for 1.5 s.</param>
internal sealed class PendingExposureStore(
    ApiConnection api,
    RecentObjects recent,
    ClusterOptions options,
    TimeProvider time,
    TimeSpan? timeout = null
)
{
    /// <summary>
    /// A canary that is changed repeatedly counts with its latest revisions only, because it has no more pods than before.
    /// </summary>
    private const int MaxOfWorkload = 4;

    /// <summary>Within seconds. More canaries at once are not plausible, and one object must hold the entries of many namespaces.</summary>
    private const int MaxOfRequester = 50;
    private const int MaxOfNamespace = 200;

    private readonly TimeSpan _timeout = timeout ?? TimeSpan.FromSeconds(1.5);

    /// <summary>One at a time in this replica: concurrent writers would only conflict.</summary>
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new();

    /// <summary>Namespaces share 16 ConfigMaps: one for each namespace would outlive it, and a single one would be a bottleneck.</summary>
    private static string NameOf(string @namespace) => $"deployguard-reach-{SHA256.HashData(Encoding.UTF8.GetBytes(@namespace))[0] % 16:x}";

    private string Folder => ApiPaths.ConfigMaps(options.Namespace);

    /// <summary>Adds the exposure of a request, and returns that of the others.</summary>
    /// <param name="exposureOf">Returns the exposure of the request, given that of the others; empty if it is refused.</param>
    /// <param name="by">The requester.</param>
    /// <exception cref="UnavailableException">It could not be read and written in time, or there are too many entries.</exception>
    public async Task<IReadOnlyList<PendingExposure>> TakeAsync(
        string @namespace,
        string by,
        Func<IReadOnlyList<PendingExposure>, IReadOnlyList<PendingExposure>> exposureOf,
        CancellationToken deadline
    )
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(_timeout);
        try
        {
            var turn = _turns.GetOrAdd(NameOf(@namespace), _ => new SemaphoreSlim(1));
            await turn.WaitAsync(cap.Token);
            try
            {
                return await SwapAsync(@namespace, by, exposureOf, cap.Token);
            }
            finally
            {
                turn.Release();
            }
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or JsonException)
        {
            throw new UnavailableException("the exposure of concurrent requests could not be read and written in time", fault);
        }
    }

    private async Task<IReadOnlyList<PendingExposure>> SwapAsync(
        string @namespace,
        string by,
        Func<IReadOnlyList<PendingExposure>, IReadOnlyList<PendingExposure>> exposureOf,
        CancellationToken cancel
    )
    {
        var name = NameOf(@namespace);
        IReadOnlyList<PendingExposure> others = [];
        await api.SwapAsync(
            Folder,
            name,
            async stored =>
            {
                var now = time.GetUtcNow();
                // An entry whose object was written stays until it expires: the caches of another replica may lag behind.
                var places = ReservationMap
                    .Read<Entry>(stored)
                    .Where(p => p.IsOurs && (now - p.At).Duration() < PendingExposure.VisibleWithin)
                    .ToList();
                var late = places.Where(p =>
                    !p.Pods.RaisesNoExposure && p.Pods.Workload.Namespace == @namespace && now - p.At >= RecentObjects.WrittenWithin
                );
                var missing = await recent.MissingAsync(late, p => p.Pods.Workload, WasWritten, cancel);
                places.RemoveAll(missing.Contains);
                others = [.. places.Select(p => p.Pods).Where(p => p.Workload.Namespace == @namespace)];
                var own = exposureOf(others);
                return own.Count == 0
                    ? null
                    : ReservationMap.Document(
                        name,
                        options.Namespace,
                        "exposure of the requests of the last seconds",
                        stored,
                        With(places, own.Select(p => new Entry(p, now, by)))
                    );
            },
            cancel
        );
        return others;
    }

    /// <summary>The workload exists, and has been written since.</summary>
    private static bool WasWritten(Entry place, Workload? now) =>
        now is not null && (place.Pods.Generation is not { } asked || now.Generation is not { } generation || generation > asked);

    /// <exception cref="UnavailableException">There are too many.</exception>
    private static IEnumerable<Entry> With(IReadOnlyList<Entry> places, IEnumerable<Entry> own)
    {
        List<Entry> all =
        [
            .. places
                .Concat(own)
                .GroupBy(p => (p.Pods.Policy, p.Pods.Pool, p.Pods.Workload))
                .SelectMany(g => g.OrderByDescending(p => p.At).Take(MaxOfWorkload)),
        ];
        var last = all.MaxBy(p => p.At) ?? throw new InvalidOperationException("no entry");
        var beside = all.Where(p => p.Pods.Workload.Namespace == last.Pods.Workload.Namespace).ToList();
        // Entries that raise no exposure do not count towards the limits; only the latest of them are kept.
        var notes = beside.Where(p => p.Pods.RaisesNoExposure).OrderByDescending(p => p.At);
        var counted = beside.Where(p => !p.Pods.RaisesNoExposure).ToList();
        return counted.Count(p => p.By == last.By) > MaxOfRequester
                ? throw new UnavailableException($"{last.By} requested more canaries within seconds than are admitted at once", null)
            : counted.Count > MaxOfNamespace
                ? throw new UnavailableException(
                    $"more canaries were requested in namespace {last.Pods.Workload.Namespace} within seconds than are admitted at once",
                    null
                )
            : all.Except(notes.Skip(MaxOfNamespace)).OrderBy(p => p.At);
    }

    /// <param name="By">The requester; empty if an older version wrote it.</param>
    private sealed record Entry(PendingExposure Pods, DateTimeOffset At, string By = "")
    {
        private const int MaxPods = 1_000_000;

        /// <summary>False for an entry that DeployGuard did not write: it could not be counted or shown.</summary>
        [JsonIgnore]
        public bool IsOurs => Pods is { Pods: > 0 and <= MaxPods, TemplateHash.Length: > 16 } && Pods.Images.All(i => i is not null);
    }
}
