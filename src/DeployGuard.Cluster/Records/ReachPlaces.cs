using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core.Exposure;

namespace DeployGuard.Cluster.Records;

/// <summary>
/// What requests were let reach a moment ago, in ConfigMaps of ours. Replicas write them by compare-and-swap before they answer, so that canaries asked
/// for at the same instant of several of them cannot all be the first.
/// </summary>
/// <param name="longest">What it may take; null for 1.5 s.</param>
internal sealed class ReachPlaces(ApiConnection api, ClusterOptions options, TimeProvider time, TimeSpan? longest = null)
{
    private readonly TimeSpan _longest = longest ?? TimeSpan.FromSeconds(1.5);

    /// <summary>One of this replica at a time: those that swap against each other get nowhere.</summary>
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new();

    /// <summary>A few that many namespaces share: one for each would outlive its namespace, and one for all would be everybody's queue.</summary>
    private static string NameOf(string @namespace) => $"deployguard-reach-{SHA256.HashData(Encoding.UTF8.GetBytes(@namespace))[0] % 16:x}";

    private string Folder => $"api/v1/namespaces/{options.Namespace}/configmaps";

    /// <summary>What others were let reach, after what is asked for was put beside it.</summary>
    /// <param name="ask">What the request reaches in the light of what others were let; nothing where it is refused then.</param>
    /// <exception cref="UnavailableException">It could not be read and written in time.</exception>
    public async Task<IReadOnlyList<ReachedPods>> TakeAsync(string @namespace, Func<IReadOnlyList<ReachedPods>, IReadOnlyList<ReachedPods>> ask, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(_longest);
        try
        {
            var turn = _turns.GetOrAdd(NameOf(@namespace), _ => new SemaphoreSlim(1));
            await turn.WaitAsync(cap.Token);
            try
            {
                return await SwapAsync(@namespace, ask, cap.Token);
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

    private async Task<IReadOnlyList<ReachedPods>> SwapAsync(string @namespace, Func<IReadOnlyList<ReachedPods>, IReadOnlyList<ReachedPods>> ask, CancellationToken cancel)
    {
        var name = NameOf(@namespace);
        IReadOnlyList<ReachedPods> others = [];
        await api.SwapAsync(
            Folder,
            name,
            stored =>
            {
                var now = time.GetUtcNow();
                // Seen or not, they stay until their time is up: another replica's caches may lag behind ours.
                var places = PlacesMap.Read<Place>(stored).Where(p => p.IsOurs && (now - p.At).Duration() < ReachedPods.SeenWithin).ToList();
                others = [.. places.Select(p => p.Pods).Where(p => p.Workload.Namespace == @namespace)];
                var own = ask(others);
                return Task.FromResult(own.Count == 0 ? null
                    : PlacesMap.Document(name, options.Namespace, "the unproven pods that requests were let have within the last seconds", stored, places.Concat(own.Select(p => new Place(p, now)))));
            },
            cancel);
        return others;
    }

    private sealed record Place(ReachedPods Pods, DateTimeOffset At)
    {
        private const int MostPods = 1_000_000;

        /// <summary>Else somebody else wrote it, and what it says could not be counted or shown.</summary>
        [JsonIgnore]
        public bool IsOurs => Pods is { Pods: > 0 and <= MostPods, TemplateHash.Length: > 16 } && Pods.Images.All(i => i is not null);
    }
}
