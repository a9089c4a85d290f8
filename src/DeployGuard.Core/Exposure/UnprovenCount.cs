using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>Counts the unproven pods that a pool has, or is about to have.</summary>
internal sealed class UnprovenCount(
    SafeguardPolicy policy,
    CanaryRules rules,
    NamespaceSnapshot snapshot,
    ProvenRevisions proven,
    PoolProgress held
)
{
    /// <param name="asking">The workload that a request changes: the request itself says its pods.</param>
    public List<UnprovenPods> Of(Pool pool, ProvenInPool here, WorkloadRef? asking)
    {
        var counted = pool
            .Members.Where(m => CountsFor(m, asking))
            .SelectMany(m => Count(m, here, revision => Comes(m, pool, revision)))
            .ToList();
        foreach (
            var reached in snapshot.PendingExposures.Where(r =>
                r.Selector is null && r.Policy == policy.Name && r.Pool == pool.Name && r.Workload != asking && !r.IsVisibleIn(snapshot)
            )
        )
        {
            var key = RevisionKey.Of(rules.Covers, reached.TemplateHash, reached.Images);
            var had = counted.Where(u => u.Workload == reached.Workload && u.Key == key).Sum(u => u.Pods);
            if (reached.Pods > had)
            {
                counted.RemoveAll(u => u.Workload == reached.Workload && u.Key == key);
                counted.Add(new UnprovenPods(key, reached.Workload, reached.TemplateHash, reached.Images, reached.Pods));
            }
        }

        return counted;
    }

    /// <summary>
    /// A CronJob whose Jobs end soon never completes a step, and would block every other rollout in its pool. Its future pods share a step
    /// with all other CronJobs and Jobs only; the pods that its Jobs run now count for every request.
    /// </summary>
    private static bool CountsFor(Member member, WorkloadRef? asking) =>
        asking is null
        || (asking.Type.RunsOnSchedule ? member.Spec.Type.RunsToCompletion : asking.Type.RunsOnce || !member.Spec.Type.RunsOnSchedule);

    /// <summary>Unproven pods of a workload's other revisions: the request ends their rollout.</summary>
    public IEnumerable<UnprovenPods> BesideAsked(Member member, string key, ProvenInPool here) =>
        Count(member, here, revision => revision.Pods).Where(p => p.Key != key);

    /// <param name="comes">Pods that the newest revision will have from a rollout in progress.</param>
    private IEnumerable<UnprovenPods> Count(Member member, ProvenInPool here, Func<RevisionPods, int> comes)
    {
        // A workload that is being deleted creates no pods and scales none down.
        var left = member.Spec.IsDeleting ? Math.Max(member.Size, member.Pods.Sum(p => p.Pods)) : member.Size + member.Joining;
        foreach (var revision in NewestFirst(member))
        {
            if (!proven.IsUnproven(member, revision, here))
            {
                continue;
            }

            var isNewest = revision.TemplateHash == member.Spec.Template.Hash;
            // Missing pods are created from the newest revision at once; if paused, from the existing ones; if being deleted, not at all.
            var running =
                member.Spec.IsDeleting ? revision.Pods
                : !member.IsRollingOut ? member.Size + member.Joining
                : isNewest ? Math.Max(revision.Pods + member.RolloutShortfall, comes(revision))
                : HoldsStill(member) ? revision.Pods + member.RolloutShortfall
                : revision.Pods;
            // Its controller counts the pods to be deleted with the newest revision only.
            var stays = Math.Min(left, member.IsRollingOut && isNewest ? Math.Max(0, running - revision.ToBeDeleted) : running);
            left -= stays;
            var pods = stays + revision.ToBeDeleted;
            if (pods > 0)
            {
                var now = isNewest && member.IsRollingOut ? revision.Pods + member.RolloutShortfall : pods;
                yield return new UnprovenPods(KeyOf(revision), member.Spec.Ref, revision.TemplateHash, revision.Images, pods) { Now = now };
            }
        }
    }

    /// <summary>Its controller scales existing revisions, before it creates the newest one or while it is paused.</summary>
    private static bool HoldsStill(Member member) =>
        member.Spec.Type.HasReplicaSets
        && (member.Spec.Strategy.Paused || !member.Pods.Any(p => p.Pods > 0 && p.TemplateHash == member.Spec.Template.Hash));

    /// <summary>Includes the newest revision, even without pods yet, and revisions whose pods are all about to be deleted.</summary>
    private static IEnumerable<RevisionPods> NewestFirst(Member member)
    {
        var hash = member.Spec.Template.Hash;
        List<RevisionPods> leaving = [.. member.Pods.Where(p => p.Pods == 0 && p.ToBeDeleted > 0)];
        List<RevisionPods> revisions =
        [
            .. leaving,
            .. ProvenRevisions.RevisionsOf(member).Where(r => leaving.TrueForAll(l => l.TemplateHash != r.TemplateHash)),
        ];
        var newest = revisions.Find(r => r.TemplateHash == hash) ?? new RevisionPods(hash, null, member.Spec.Template.ImageNames, 0);
        return revisions.Where(r => r != newest).Prepend(newest);
    }

    /// <summary>
    /// Pods that the rollout in progress will have without another request: a batch if it conforms to the pace, otherwise all.
    /// </summary>
    private int Comes(Member member, Pool pool, RevisionPods newest) =>
        member.Spec.Strategy.Paused
            ? 0
            : RolloutMethods.Exposes(
                member with
                {
                    Excluded = member.Excluded - member.Joining,
                },
                rules,
                held.OnRecord(pool, KeyOf(newest))
            );

    private string KeyOf(RevisionPods revision) => RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images);
}
