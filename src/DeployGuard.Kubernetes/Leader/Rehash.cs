using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Writes today's hash beside the <c>v1:</c> one of Changes that version 0.2 made, as long as what they stand for is live: a spec, a
/// ReplicaSet or a ControllerRevision. The Change keeps its name and its spec, so that 0.2 still finds it after a way back to that version.
/// </summary>
internal sealed class Rehash(ClusterCaches caches, ChangeWriter writer) : ILeaderTask
{
    public const string Field = "rehashed";

    public string Name => "hashing of what version 0.2 recorded";

    public async Task RunAsync(CancellationToken cancel)
    {
        var translation = HashTranslation.Of(caches);
        foreach (var change in caches.Changes.All().Where(c => TemplateHash.IsLegacy(c.TemplateHash)))
        {
            var hash = translation.Change(change).TemplateHash;
            if (!TemplateHash.IsLegacy(hash))
            {
                await writer.AlterAsync(change, status => Write(status, hash), cancel);
            }
        }
    }

    private static bool Write(JsonObject status, string hash)
    {
        if ((string?)status[Field] == hash)
        {
            return false;
        }

        status[Field] = hash;
        return true;
    }
}
