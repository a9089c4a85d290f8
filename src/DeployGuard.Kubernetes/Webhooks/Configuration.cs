using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// One webhook configuration, kept as it must be. It is never created: one that was deleted stays deleted, so that uninstalling works. What somebody else
/// altered is restored, counted and told.
/// </summary>
internal sealed class Configuration(string kind, string name, ApiConnection api, EventWriter events, ILogger logger)
{
    private const string Api = "admissionregistration.k8s.io/v1";

    /// <summary>As the server gave back what was last written; null before the first write of this replica.</summary>
    private JsonArray? _written;
    private long _altered;
    private bool _hasLooked;

    public string Kind => kind;

    public string Path => $"apis/{Api}/{kind.ToLowerInvariant()}s/{name}";

    /// <summary>Whether it was there when it was last looked for.</summary>
    public bool IsFound { get; private set; }

    /// <summary>How often somebody else's change was undone.</summary>
    public long Altered => Interlocked.Read(ref _altered);

    /// <summary>Null where it was deleted.</summary>
    public async Task<StoredConfiguration?> LookAsync(CancellationToken cancel)
    {
        using var stored = await api.FindAsync(Path, cancel);
        var wasFound = IsFound;
        IsFound = stored is not null;
        if (stored is not null)
        {
            _hasLooked = true;
            return StoredConfiguration.Read(stored.RootElement);
        }

        if (wasFound || !_hasLooked)
        {
            logger.LogError("{Kind} {Name} is gone: nothing is guarded. If that was not meant, install the chart again", kind, name);
            await TellAsync("", "WebhookConfigurationDeleted", "it was deleted: nothing is guarded. If that was not meant, install the chart again", cancel);
        }

        _hasLooked = true;
        return null;
    }

    /// <summary>
    /// The patch that makes the entries be these: all in one write, so that there is no moment without any, and nothing else of the object touched.
    /// Whoever wrote in between is not written over: the gate may have been opened.
    /// </summary>
    public static string PatchTo(StoredConfiguration stored, JsonArray entries) =>
        new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = stored.Version }, ["webhooks"] = entries.DeepClone() }.ToJsonString();

    /// <summary>Writes what is wanted, if it is not there already.</summary>
    public async Task KeepAsync(StoredConfiguration stored, JsonArray wanted, CancellationToken cancel)
    {
        // What we wrote and is not there any more was somebody else's doing, whatever is wanted now.
        var drift = _written is { } mine && !stored.Holds(mine) ? stored.Differences(mine) : null;
        if (!stored.Holds(wanted))
        {
            using var written = await api.WriteAsync(HttpMethod.Patch, $"{Path}?fieldManager=deployguard", PatchTo(stored, wanted), cancel, "application/merge-patch+json");
            _written = StoredConfiguration.Read(written.RootElement).Entries;
            logger.LogInformation("{Kind} {Name} brought to {Count} entries", kind, name, wanted.Count);
        }
        else
        {
            _written = stored.Entries;
        }

        // Undone first, and told then: nothing that keeps an Event from being written may keep the registration open.
        if (drift is not null)
        {
            Interlocked.Increment(ref _altered);
            logger.LogWarning("{Kind} {Name} was altered, and is restored: {Differences}", kind, name, drift);
            await TellAsync(stored.Uid, "WebhookConfigurationAltered", $"somebody altered it, and it is restored: {drift}", cancel);
        }
    }

    /// <summary>Another replica may write it from now on.</summary>
    public void Forget() => _written = null;

    /// <summary>Tells by an Event; one that cannot be written is logged, for it is a courtesy.</summary>
    public async Task TellAsync(string uid, string reason, string message, CancellationToken cancel)
    {
        try
        {
            await events.WriteAsync(new EventEntry(new EventSubject(Api, kind, "", name, uid), true, reason, message), cancel);
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException)
        {
            logger.LogWarning("the Event {Reason} could not be written: {Fault}", reason, fault.Message);
        }
    }
}
