using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// A newer API server may add defaults to templates that it has stored for long, and another list of template noise may leave more of them
/// out: their hashes
/// change though nobody wrote to them. Where the server's version or that list is another than when a revision was noted, the hash that
/// its object has now is noted in its place. Where it is the same, somebody edited the object: it is no revision that
/// completed any more, which is noted too, since the next upgrade could not tell.
/// </summary>
internal sealed class ServerUpgrade(ApiConnection api, ClusterCaches caches, ChangeWriter writer, TemplateNoise noise, TimeProvider time) : ILeaderTask
{
    private const string Field = "ownedServer";

    /// <summary>In place of a hash that no template has.</summary>
    private const string Edited = "edited";

    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    private DateTimeOffset _lookedAt;
    private string _version = "";

    /// <summary>
    /// A record that has none, or that of another list or another release's defaults, was noted under another list: the hash of now is noted in its place.
    /// </summary>
    private string Suffix => $" noise:{noise.Fingerprint}";

    public string Name => "hashes after an upgrade of the API server, or with another list of template noise";

    public async Task RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (_version.Length == 0 || now - _lookedAt >= s_interval || now < _lookedAt)
        {
            using var version = await api.GetAsync("version", cancel);
            (_version, _lookedAt) = ((version.RootElement.GetProperty("gitVersion").GetString() ?? "") + Suffix, now);
        }

        foreach (var change in caches.Changes.All().Where(c => c.OwnedUid is not null && c.OwnedHash != Edited))
        {
            if (caches.FindWorkload(change.Workload) is { } workload && LiveHistory.Of(workload, caches).FirstOrDefault(r => r.Uid == change.OwnedUid) is { } held
                && (change.OwnedServer != _version || change.OwnedHash != held.TemplateHash))
            {
                await writer.AlterAsync(change, status => Note(status, change, held), cancel);
            }
        }
    }

    private bool Note(JsonObject status, Change change, OwnedRevision held)
    {
        if ((string?)status["ownedUid"] != change.OwnedUid)
        {
            return false;
        }

        var isEdited = change.OwnedHash != held.TemplateHash && change.OwnedServer == _version;
        // The first note says which version it was made under, and nothing about the hash.
        status["ownedHash"] = isEdited ? Edited : change.OwnedServer is null ? change.OwnedHash : held.TemplateHash;
        status[Field] = _version;
        return true;
    }
}
