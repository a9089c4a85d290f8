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
/// What requests were let reach a moment ago, in ConfigMaps of ours. Replicas write them by compare-and-swap before they answer, so that canaries asked
/// for at the same instant of several of them cannot all be the first. A place is bound to what then comes: where nothing does, it is nobody's.
/// </summary>
/// <param name="came">Whether what was let in came to be.</param>
/// <param name="longest">What it may take; null for 1.5 s.</param>
internal sealed class PendingExposureStore(ApiConnection api, RecentObjects came, ClusterOptions options, TimeProvider time, TimeSpan? longest = null)
{
    /// <summary>A canary that is changed again and again counts with its latest revisions: it has no more pods than before.</summary>
    private const int MaxOfWorkload = 4;

    /// <summary>Within seconds; nobody rolls out more canaries at once, and one object must hold the places of many namespaces.</summary>
    private const int MaxOfRequester = 50;
    private const int MaxOfNamespace = 200;

    private readonly TimeSpan _longest = longest ?? TimeSpan.FromSeconds(1.5);

    /// <summary>One of this replica at a time: those that swap against each other get nowhere.</summary>
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new();

    /// <summary>A few that many namespaces share: one for each would outlive its namespace, and one for all would be everybody's queue.</summary>
    private static string NameOf(string @namespace) => $"deployguard-reach-{SHA256.HashData(Encoding.UTF8.GetBytes(@namespace))[0] % 16:x}";

    private string Folder => $"api/v1/namespaces/{options.Namespace}/configmaps";

    /// <summary>What others were let reach, after what is asked for was put beside it.</summary>
    /// <param name="ask">What the request reaches in the light of what others were let; nothing where it is refused then.</param>
    /// <param name="by">Who asks.</param>
    /// <exception cref="UnavailableException">It could not be read and written in time, or too many places are taken.</exception>
    public async Task<IReadOnlyList<PendingExposure>> TakeAsync(string @namespace, string by, Func<IReadOnlyList<PendingExposure>, IReadOnlyList<PendingExposure>> ask, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(_longest);
        try
        {
            var turn = _turns.GetOrAdd(NameOf(@namespace), _ => new SemaphoreSlim(1));
            await turn.WaitAsync(cap.Token);
            try
            {
                return await SwapAsync(@namespace, by, ask, cap.Token);
            }
            finally
            {
                turn.Release();
            }
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or JsonException)
        {
            throw new UnavailableException("what others were let in the same moment could not be read and written in time", fault);
        }
    }

    private async Task<IReadOnlyList<PendingExposure>> SwapAsync(string @namespace, string by, Func<IReadOnlyList<PendingExposure>, IReadOnlyList<PendingExposure>> ask, CancellationToken cancel)
    {
        var name = NameOf(@namespace);
        IReadOnlyList<PendingExposure> others = [];
        await api.SwapAsync(
            Folder,
            name,
            async stored =>
            {
                var now = time.GetUtcNow();
                // What came stays until its time is up, seen or not: another replica's caches may lag behind ours.
                var places = ReservationMap.Read<Entry>(stored).Where(p => p.IsOurs && (now - p.At).Duration() < PendingExposure.SeenWithin).ToList();
                var late = places.Where(p =>
                    !p.Pods.RaisesNothing && p.Pods.Workload.Namespace == @namespace && now - p.At >= RecentObjects.WrittenWithin);
                var missing = await came.MissingAsync(late, p => p.Pods.Workload, Came, cancel);
                places.RemoveAll(missing.Contains);
                others = [.. places.Select(p => p.Pods).Where(p => p.Workload.Namespace == @namespace)];
                var own = ask(others);
                return own.Count == 0 ? null
                    : ReservationMap.Document(name, options.Namespace, "what requests were let have within the last seconds", stored, With(places, own.Select(p => new Entry(p, now, by))));
            },
            cancel);
        return others;
    }

    /// <summary>The workload is there, and has been written since.</summary>
    private static bool Came(Entry place, Workload? now) =>
        now is not null && (place.Pods.Generation is not { } asked || now.Generation is not { } generation || generation > asked);

    /// <exception cref="UnavailableException">They are too many.</exception>
    private static IEnumerable<Entry> With(IReadOnlyList<Entry> places, IEnumerable<Entry> own)
    {
        List<Entry> all = [.. places.Concat(own).GroupBy(p => (p.Pods.Policy, p.Pods.Pool, p.Pods.Workload)).SelectMany(g => g.OrderByDescending(p => p.At).Take(MaxOfWorkload))];
        var last = all.MaxBy(p => p.At) ?? throw new InvalidOperationException("no place");
        var beside = all.Where(p => p.Pods.Workload.Namespace == last.Pods.Workload.Namespace).ToList();
        // Places that raise nothing do not count towards the limits; only the latest of them are kept.
        var notes = beside.Where(p => p.Pods.RaisesNothing).OrderByDescending(p => p.At);
        var counted = beside.Where(p => !p.Pods.RaisesNothing).ToList();
        return counted.Count(p => p.By == last.By) > MaxOfRequester ? throw new UnavailableException($"{last.By} asked for more canaries within seconds than are let in at once", null)
            : counted.Count > MaxOfNamespace ? throw new UnavailableException($"more canaries came to namespace {last.Pods.Workload.Namespace} within seconds than are let in at once", null)
            : all.Except(notes.Skip(MaxOfNamespace)).OrderBy(p => p.At);
    }

    /// <param name="By">Who asked; empty where an older version wrote it.</param>
    private sealed record Entry(PendingExposure Pods, DateTimeOffset At, string By = "")
    {
        private const int MaxPods = 1_000_000;

        /// <summary>Else somebody else wrote it, and what it says could not be counted or shown.</summary>
        [JsonIgnore]
        public bool IsOurs => Pods is { Pods: > 0 and <= MaxPods, TemplateHash.Length: > 16 } && Pods.Images.All(i => i is not null);
    }
}
