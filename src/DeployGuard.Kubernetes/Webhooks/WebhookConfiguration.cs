using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// Keeps one webhook configuration as required. It never creates one: a configuration that was deleted stays deleted, so that uninstalling
/// works. Changes by others are undone, counted and reported.
/// </summary>
internal sealed class WebhookConfiguration(string kind, string name, ApiConnection api, EventWriter events, ILogger logger)
{
    private const string Api = "admissionregistration.k8s.io/v1";

    /// <summary>The entries as the server returned them after the last write; null before the first write of this replica.</summary>
    private JsonArray? _written;
    private long _altered;
    private bool _hasRead;

    public string Kind => kind;

    public string Path => ApiPaths.One($"{ApiPaths.WebhookConfigurations}/{kind.ToLowerInvariant()}s", name);

    /// <summary>Whether it existed when it was last read.</summary>
    public bool IsFound { get; private set; }

    /// <summary>How many changes by others were undone.</summary>
    public long Altered => Interlocked.Read(ref _altered);

    /// <summary>Null if it was deleted.</summary>
    public async Task<StoredConfiguration?> ReadAsync(CancellationToken cancel)
    {
        using var stored = await api.FindAsync(Path, cancel);
        var wasFound = IsFound;
        IsFound = stored is not null;
        if (stored is not null)
        {
            _hasRead = true;
            return StoredConfiguration.Read(stored.RootElement);
        }

        if (wasFound || !_hasRead)
        {
            logger.LogError("{Kind} {Name} is gone: nothing is guarded. If that was not intended, install the chart again", kind, name);
            await ReportAsync(
                "",
                "WebhookConfigurationDeleted",
                "it was deleted: nothing is guarded. If that was not intended, install the chart again",
                cancel
            );
        }

        _hasRead = true;
        return null;
    }

    /// <summary>
    /// The patch that sets these entries. One write sets all of them, so there is no moment without any, and it touches no other field. It
    /// fails if somebody wrote in between: they may have opened the gate.
    /// </summary>
    public static string PatchTo(StoredConfiguration stored, JsonArray entries) =>
        new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = stored.Version },
            ["webhooks"] = entries.DeepClone(),
        }.ToJsonString();

    /// <summary>Writes the wanted entries, if they are not there already.</summary>
    public async Task KeepAsync(StoredConfiguration stored, JsonArray wanted, CancellationToken cancel)
    {
        // An entry that this replica wrote and that is no longer there was changed by others, whatever is wanted now.
        var drift = _written is { } mine && !stored.Holds(mine) ? stored.Differences(mine) : null;
        if (!stored.Holds(wanted))
        {
            using var written = await api.WriteAsync(
                HttpMethod.Patch,
                $"{Path}?fieldManager=deployguard",
                PatchTo(stored, wanted),
                cancel,
                "application/merge-patch+json"
            );
            _written = StoredConfiguration.Read(written.RootElement).Entries;
            logger.LogInformation("{Kind} {Name} now has {Count} entries", kind, name, wanted.Count);
        }
        else
        {
            _written = stored.Entries;
        }

        // Undone before it is reported: a fault in writing the Event must not keep the registration open.
        if (drift is not null)
        {
            Interlocked.Increment(ref _altered);
            logger.LogWarning("{Kind} {Name} was altered and has been restored: {Differences}", kind, name, drift);
            await ReportAsync(stored.Uid, "WebhookConfigurationAltered", $"it was altered and has been restored: {drift}", cancel);
        }
    }

    /// <summary>Another replica may write it now.</summary>
    public void Forget() => _written = null;

    /// <summary>Writes an Event; a failure is only logged, because the log line above already says the same.</summary>
    public async Task ReportAsync(string uid, string reason, string message, CancellationToken cancel)
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
