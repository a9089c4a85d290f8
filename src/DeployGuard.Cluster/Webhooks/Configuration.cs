using System.Text.Json.Nodes;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Records;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Webhooks;

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
            return StoredConfiguration.Read(stored.RootElement);
        }

        logger.LogError("{Kind} {Name} is gone: nothing is guarded. If that was not meant, install the chart again", kind, name);
        if (wasFound)
        {
            await TellAsync("", "WebhookConfigurationDeleted", "it was deleted: nothing is guarded. If that was not meant, install the chart again", cancel);
        }

        return null;
    }

    /// <summary>The patch that makes the entries be these: all in one write, so that there is no moment without any, and nothing else of the object touched.</summary>
    public static string PatchTo(JsonArray entries) => new JsonObject { ["webhooks"] = entries.DeepClone() }.ToJsonString();

    /// <summary>Writes what is wanted, if it is not there already.</summary>
    public async Task KeepAsync(StoredConfiguration stored, JsonArray wanted, CancellationToken cancel)
    {
        // What we wrote and is not there any more was somebody else's doing, whatever is wanted now.
        if (_written is { } mine && !stored.Holds(mine))
        {
            Interlocked.Increment(ref _altered);
            logger.LogWarning("{Kind} {Name} was altered, and is restored: {Differences}", kind, name, stored.Differences(mine));
            await TellAsync(stored.Uid, "WebhookConfigurationAltered", $"somebody altered it, and it is restored: {stored.Differences(mine)}", cancel);
        }

        if (stored.Holds(wanted))
        {
            _written ??= stored.Entries;
            return;
        }

        using var written = await api.WriteAsync(HttpMethod.Patch, $"{Path}?fieldManager=deployguard", PatchTo(wanted), cancel, "application/merge-patch+json");
        _written = StoredConfiguration.Read(written.RootElement).Entries;
        logger.LogInformation("{Kind} {Name} brought to {Count} entries", kind, name, wanted.Count);
    }

    /// <summary>Another replica may write it from now on.</summary>
    public void Forget() => _written = null;

    public Task TellAsync(string uid, string reason, string message, CancellationToken cancel) =>
        events.WriteAsync(new EventEntry(new EventSubject(Api, kind, "", name, uid), true, reason, message), cancel);
}
