using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Follows hashes that change without a write to the object: a newer API server may add defaults to stored templates, and another
/// list of template noise may leave more fields out. If the server's version or the list differs from the recorded one, the object's
/// current hash is recorded in its place. If both are the same, somebody edited the object: it no longer holds a completed revision, which
/// is recorded too, because after the next upgrade it could not be detected.
/// </summary>
internal sealed class ServerUpgrade(ApiConnection api, ClusterCaches caches, ChangeWriter writer, TemplateNoise noise, TimeProvider time)
    : ILeaderTask
{
    private const string Field = "ownedServer";

    /// <summary>Recorded in place of the hash of an object that was edited.</summary>
    private const string Edited = "edited";

    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    private DateTimeOffset _readAt;
    private string _version = "";

    /// <summary>
    /// A record without it, or with that of another list or release, was written under another list: the current hash is recorded in its
    /// place.
    /// </summary>
    private string Suffix => $" noise:{noise.Fingerprint}";

    public string Name => "hashes after an upgrade of the API server, or with another list of template noise";

    public async Task RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (_version.Length == 0 || now - _readAt >= s_interval || now < _readAt)
        {
            using var version = await api.GetAsync(ApiPaths.Version, cancel);
            (_version, _readAt) = ((version.RootElement.GetProperty("gitVersion").GetString() ?? "") + Suffix, now);
        }

        var holding = caches.Changes.All().Where(c => c.OwnedUid is not null && c.OwnedHash != Edited);
        await EachOfThem.DoAsync(holding, change => FollowAsync(change, cancel));
    }

    private async Task FollowAsync(Change change, CancellationToken cancel)
    {
        if (
            caches.FindWorkload(change.Workload) is { } workload
            && KeptRevisions.Of(workload, caches).FirstOrDefault(r => r.Uid == change.OwnedUid) is { } held
            && (change.OwnedServer != _version || change.OwnedHash != held.TemplateHash)
        )
        {
            await writer.AlterAsync(change, status => Note(status, change, held), cancel);
        }
    }

    private bool Note(JsonObject status, Change change, OwnedRevision held)
    {
        if ((string?)status["ownedUid"] != change.OwnedUid)
        {
            return false;
        }

        var isEdited = change.OwnedHash != held.TemplateHash && change.OwnedServer == _version;
        // The first time only the version is recorded: there is nothing to compare the hash with.
        status["ownedHash"] =
            isEdited ? Edited
            : change.OwnedServer is null ? change.OwnedHash
            : held.TemplateHash;
        status[Field] = _version;
        return true;
    }
}
