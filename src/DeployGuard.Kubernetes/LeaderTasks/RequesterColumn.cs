using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Leader;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>Fills the column REQUESTER of Changes that an older version wrote; later requests keep it up to date.</summary>
internal sealed class RequesterColumn(ClusterCaches caches, ChangeWriter writer, TimeProvider time) : ILeaderTask
{
    private const int MaxRemembered = 10_000;

    /// <summary>An older definition of Change drops the field: it is written again only after so long.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromHours(1);

    private readonly RecentKeys _written = new(s_again, MaxRemembered);

    public string Name => "naming of requesters";

    public async Task RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var unnamed = caches.Changes.All().Where(c => c.RequesterColumn.Length == 0 && c.Requesters.Count > 0);
        await EachOfThem.DoAsync(
            unnamed.Where(c => _written.TryAdd($"{c.Workload.Namespace}/{c.Name}", "", now)),
            change => writer.AlterAsync(change, ChangeRequesters.SetColumn, cancel)
        );
    }
}
