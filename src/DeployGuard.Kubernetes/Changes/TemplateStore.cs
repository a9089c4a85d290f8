using System.Globalization;
using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// Limits the room that the whole templates of each namespace take. They are not watched: their metadata is listed before a write if the
/// last listing is a minute old, so several replicas may exceed the limit by what they write within a minute. One write at a time makes
/// room, usually without a request.
/// </summary>
internal sealed class TemplateStore(ApiConnection api, ClusterCaches caches, TimeProvider time)
{
    private static readonly TimeSpan s_listAgain = TimeSpan.FromMinutes(1);

    /// <summary>A template without a cached Change may belong to one that another replica has just written.</summary>
    private static readonly TimeSpan s_cacheLag = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, Listing> _listings = [];

    private SemaphoreSlim Turn { get; } = new(1);

    /// <summary>Deletes superseded templates until one more has room.</summary>
    /// <returns>Whether it has.</returns>
    public async Task<bool> MakeRoomAsync(TemplateEntry entry, long bytes, CancellationToken cancel)
    {
        await Turn.WaitAsync(cancel);
        try
        {
            return await MakeRoomInTurnAsync(entry, bytes, cancel);
        }
        finally
        {
            Turn.Release();
        }
    }

    private async Task<bool> MakeRoomInTurnAsync(TemplateEntry entry, long bytes, CancellationToken cancel)
    {
        var listing = await ListAsync(entry.Namespace, cancel);
        var now = time.GetUtcNow();
        var kept = listing
            .Templates.Values.Select(s => new KeptTemplate(
                s.Name,
                RequesterOf(entry.Namespace, s),
                s.Bytes,
                s.CreatedAt,
                IsSuperseded(entry.Namespace, s, now)
            ))
            .ToList();
        var added = new KeptTemplate(entry.Name, entry.Requester, bytes, now, IsSuperseded: false);
        if (TemplateRetention.Evictions(kept, added) is not { } evicted)
        {
            // List again next time: others may have deleted some.
            _listings.Remove(entry.Namespace);
            return false;
        }

        foreach (var name in evicted)
        {
            await api.DeleteAsync(ApiPaths.One(ApiPaths.ChangeTemplates(entry.Namespace), name), cancel);
            listing.Templates.Remove(name);
        }

        listing.Templates[entry.Name] = new StoredTemplate(entry.Name, entry.Requester, bytes, now);
        return true;
    }

    private async Task<Listing> ListAsync(string @namespace, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (_listings.TryGetValue(@namespace, out var known) && now - known.At < s_listAgain)
        {
            return known;
        }

        // Namespaces come and go.
        foreach (var old in _listings.Where(l => now - l.Value.At >= s_listAgain).Select(l => l.Key).ToList())
        {
            _listings.Remove(old);
        }

        var stored = new Dictionary<string, StoredTemplate>();
        await api.ListMetadataAsync(
            ApiPaths.ChangeTemplates(@namespace),
            item =>
            {
                var read = Read(item.GetProperty("metadata"));
                stored[read.Name] = read;
            },
            cancel
        );
        return _listings[@namespace] = new Listing(now, stored);
    }

    private static StoredTemplate Read(JsonElement metadata) =>
        new(
            metadata.GetProperty("name").GetString() ?? "",
            "",
            long.TryParse(
                metadata.Member("annotations")?.Text(TemplateDocument.BytesAnnotation),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var bytes
            )
                ? bytes
                : PackedTemplate.MaxPacked,
            metadata.Time("creationTimestamp") ?? default
        );

    private string RequesterOf(string @namespace, StoredTemplate stored) =>
        caches.Changes.Find(ObjectKey.Of(@namespace, stored.Name)) is { Requesters: [var first, ..] } ? first : stored.Requester;

    private bool IsSuperseded(string @namespace, StoredTemplate stored, DateTimeOffset now) =>
        caches.Changes.Find(ObjectKey.Of(@namespace, stored.Name)) is not { } change
            ? now - stored.CreatedAt > s_cacheLag
            : change
                is {
                    HasOpenRequirements: false,
                    IsUnreviewed: false,
                    Phase: Phase.Completed or Phase.Proven or Phase.Expired or Phase.Withdrawn
                }
                && !IsCurrent(change);

    private bool IsCurrent(Change change) =>
        change.Phase is not (Phase.Expired or Phase.Withdrawn)
        && (
            caches.FindWorkload(change.Workload) is { } live
                ? change.HasHash(live.TemplateHash) || change.HasHash(live.Spec.Template.LegacyHash)
                // Deleted, or of a kind that is not watched: the last one that completed.
                : !caches
                    .Changes.Under(ClusterCaches.WorkloadKey(change.Workload))
                    .Any(c => c.Phase is Phase.Completed or Phase.Proven && c.Since > change.Since)
        );

    private sealed record Listing(DateTimeOffset At, Dictionary<string, StoredTemplate> Templates);

    private sealed record StoredTemplate(string Name, string Requester, long Bytes, DateTimeOffset CreatedAt);
}
