using System.Globalization;
using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// The room that the whole templates of each namespace take. They are never watched: their metadata is listed when one is to be written and the last look is a
/// minute old, so several replicas may go beyond the bound by what they write within a minute. For one worker at a time.
/// </summary>
internal sealed class TemplateStore(ApiConnection api, ClusterCaches caches, TimeProvider time)
{
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMinutes(1);

    /// <summary>A record without a Change in our cache may be of one that another replica wrote a moment ago.</summary>
    private static readonly TimeSpan s_cacheLag = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, Look> _looks = [];

    public static string Folder(string @namespace) => $"apis/deployguard.io/v1alpha1/namespaces/{@namespace}/changetemplates";

    /// <summary>Removes what was superseded until one more has room.</summary>
    /// <returns>Whether it has.</returns>
    public async Task<bool> MakeRoomAsync(TemplateEntry entry, long bytes, CancellationToken cancel)
    {
        var look = await LookAsync(entry.Namespace, cancel);
        var now = time.GetUtcNow();
        var kept = look.Stored.Values.Select(s => new KeptTemplate(s.Name, RequesterOf(entry.Namespace, s), s.Bytes, s.CreatedAt, IsSuperseded(entry.Namespace, s, now))).ToList();
        var added = new KeptTemplate(entry.Name, entry.Requester, bytes, now, IsSuperseded: false);
        if (TemplateRetention.Evictions(kept, added) is not { } evicted)
        {
            // What others gave free meanwhile is seen at the next one.
            _looks.Remove(entry.Namespace);
            return false;
        }

        foreach (var name in evicted)
        {
            await api.DeleteAsync($"{Folder(entry.Namespace)}/{name}", cancel);
            look.Stored.Remove(name);
        }

        look.Stored[entry.Name] = new Stored(entry.Name, entry.Requester, bytes, now);
        return true;
    }

    private async Task<Look> LookAsync(string @namespace, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (_looks.TryGetValue(@namespace, out var known) && now - known.At < s_lookAgain)
        {
            return known;
        }

        // Namespaces come and go.
        foreach (var old in _looks.Where(l => now - l.Value.At >= s_lookAgain).Select(l => l.Key).ToList())
        {
            _looks.Remove(old);
        }

        var stored = new Dictionary<string, Stored>();
        await api.ListMetadataAsync(
            Folder(@namespace),
            item =>
            {
                var read = Read(item.GetProperty("metadata"));
                stored[read.Name] = read;
            },
            cancel);
        return _looks[@namespace] = new Look(now, stored);
    }

    private static Stored Read(JsonElement metadata) => new(
        metadata.GetProperty("name").GetString() ?? "",
        "",
        metadata.TryGetProperty("annotations", out var annotations) && annotations.TryGetProperty(TemplateDocument.BytesAnnotation, out var text)
            && long.TryParse(text.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : PackedTemplate.MaxPacked,
        metadata.TryGetProperty("creationTimestamp", out var at) && at.TryGetDateTimeOffset(out var time) ? time : default);

    private string RequesterOf(string @namespace, Stored stored) =>
        caches.Changes.Find(ObjectKey.Of(@namespace, stored.Name)) is { Requesters: [var first, ..] } ? first : stored.Requester;

    private bool IsSuperseded(string @namespace, Stored stored, DateTimeOffset now) => caches.Changes.Find(ObjectKey.Of(@namespace, stored.Name)) is not { } change
        ? now - stored.CreatedAt > s_cacheLag
        : change is { Waits: false, IsUnreviewed: false, Phase: Phase.Completed or Phase.Proven or Phase.Expired } && !IsCurrent(change);

    private bool IsCurrent(Change change) => change.Phase is not Phase.Expired && (caches.FindWorkload(change.Workload) is { } live
        ? change.IsNamed(live.TemplateHash) || change.IsNamed(live.Spec.Template.LegacyHash)
        // Gone, or of a kind that nobody watches: the last that completed.
        : !caches.Changes.Under(ClusterCaches.WorkloadKey(change.Workload)).Any(c => c.Phase is Phase.Completed or Phase.Proven && c.Since > change.Since));

    private sealed record Look(DateTimeOffset At, Dictionary<string, Stored> Stored);

    private sealed record Stored(string Name, string Requester, long Bytes, DateTimeOffset CreatedAt);
}
