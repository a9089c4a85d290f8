using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// Adds today's hash to Changes that version 0.2 wrote with a <c>v1:</c> hash, as long as a spec, ReplicaSet or ControllerRevision still
/// has that template. Name and spec of the Change stay, so that 0.2 finds it after a downgrade.
/// </summary>
internal sealed class Rehash(ClusterCaches caches, ChangeWriter writer) : ILeaderTask
{
    public string Name => "hashing of records of version 0.2";

    public async Task RunAsync(CancellationToken cancel)
    {
        var translation = caches.Translation;
        var rehashed =
            from change in caches.Changes.All()
            where TemplateHash.IsLegacy(change.TemplateHash)
            let hash = translation.Change(change).TemplateHash
            where !TemplateHash.IsLegacy(hash)
            select (Change: change, Hash: hash);
        await EachOfThem.DoAsync(rehashed, r => writer.AlterAsync(r.Change, status => Write(status, r.Hash), cancel));
    }

    private static bool Write(JsonObject status, string hash)
    {
        if ((string?)status[ChangeReader.RehashedField] == hash)
        {
            return false;
        }

        status[ChangeReader.RehashedField] = hash;
        return true;
    }
}
