using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>Today's hashes for a request, and for the records of a whole namespace.</summary>
internal static class SnapshotTranslation
{
    /// <summary>From the caches and the templates of the request. A <c>/scale</c> has none: the cached ones suffice.</summary>
    public static HashTranslation TranslationFor(this ClusterCaches caches, Request request) =>
        caches.Translation.For((request as WorkloadRequest)?.Before, (request as WorkloadRequest)?.After);

    public static NamespaceSnapshot Translate(this HashTranslation translation, NamespaceSnapshot snapshot)
    {
        var (changes, votes) = (translation.Changes(snapshot.Changes), translation.Approvals(snapshot.Votes));
        return ReferenceEquals(changes, snapshot.Changes) && ReferenceEquals(votes, snapshot.Votes)
            ? snapshot
            : snapshot with
            {
                Changes = changes,
                Votes = votes,
            };
    }
}
