using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>Counts the pods without proof that a pool has, or is about to have.</summary>
internal sealed class UnprovenCount(SafeguardPolicy policy, CanaryRules rules, NamespaceSnapshot snapshot, ProvenRevisions proven, PoolProgress held)
{
    /// <param name="asking">The workload that a request is about: it says itself what it is to have.</param>
    public List<UnprovenPods> Of(Pool pool, ProvenInPool here, WorkloadRef? asking)
    {
        var counted = pool.Members.Where(m => CountsFor(m, asking)).SelectMany(m => Count(m, here, revision => Comes(m, pool, revision))).ToList();
        foreach (var reached in snapshot.Reached.Where(r => r.Selector is null && r.Policy == policy.Name && r.Pool == pool.Name && r.Workload != asking && !r.IsSeenIn(snapshot)))
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
    /// A CronJob whose Jobs end soon soaks for nothing, and would hold up every rollout beside it for good. What it will make has a step of its own with all other
    /// CronJobs and Jobs; what its Jobs run now counts for all.
    /// </summary>
    private static bool CountsFor(Member member, WorkloadRef? asking) => asking is null
        || (asking.Kind == "CronJob" ? Member.RunsToItsEnd(member.Spec.Ref.Kind) : asking.Kind == "Job" || member.Spec.Ref.Kind != "CronJob");

    /// <summary>Unproven pods that a workload has of other revisions than the one asked for: its rollout to them ends with the request.</summary>
    public IEnumerable<UnprovenPods> BesideAsked(Member member, string key, ProvenInPool here) =>
        Count(member, here, revision => revision.Pods).Where(p => p.Key != key);

    /// <param name="comes">Pods that the newest revision comes to amid a rollout.</param>
    private IEnumerable<UnprovenPods> Count(Member member, ProvenInPool here, Func<RevisionPods, int> comes)
    {
        // What is being deleted makes up for nothing, and takes nothing away either.
        var left = member.Spec.IsDeleting ? Math.Max(member.Size, member.Pods.Sum(p => p.Pods)) : member.Size + member.Coming;
        foreach (var revision in NewestFirst(member))
        {
            if (!proven.Lacks(member, revision, here))
            {
                continue;
            }

            var isNewest = revision.TemplateHash == member.Spec.Template.Hash;
            // What is missing is made of the newest revision, at once; while it is paused, of what it has; by what is being deleted, not at all.
            var running = member.Spec.IsDeleting ? revision.Pods
                : !member.IsRollingOut ? member.Size + member.Coming
                : isNewest ? Math.Max(revision.Pods + member.Missing, comes(revision))
                : HoldsStill(member) ? revision.Pods + member.Missing : revision.Pods;
            // Its controller counts those that are on their way out with the newest alone.
            var stays = Math.Min(left, member.IsRollingOut && isNewest ? Math.Max(0, running - revision.Leaving) : running);
            left -= stays;
            var pods = stays + revision.Leaving;
            if (pods > 0)
            {
                var now = isNewest && member.IsRollingOut ? revision.Pods + member.Missing : pods;
                yield return new UnprovenPods(KeyOf(revision), member.Spec.Ref, revision.TemplateHash, revision.Images, pods) { Now = now };
            }
        }
    }

    /// <summary>Its controller fills its size with what it has, before it makes anything of the newest revision or while it is paused.</summary>
    private static bool HoldsStill(Member member) =>
        member.Spec.Ref.Kind == "Deployment" && (member.Spec.Strategy.Paused || !member.Pods.Any(p => p.Pods > 0 && p.TemplateHash == member.Spec.Template.Hash));

    /// <summary>Also the newest, of which its controller may have made nothing yet, and those that are only on their way out.</summary>
    private static IEnumerable<RevisionPods> NewestFirst(Member member)
    {
        var hash = member.Spec.Template.Hash;
        List<RevisionPods> leaving = [.. member.Pods.Where(p => p.Pods == 0 && p.Leaving > 0)];
        List<RevisionPods> revisions = [.. leaving, .. ProvenRevisions.RevisionsOf(member).Where(r => leaving.TrueForAll(l => l.TemplateHash != r.TemplateHash))];
        var newest = revisions.Find(r => r.TemplateHash == hash) ?? new RevisionPods(hash, null, member.Spec.Template.ImageNames, 0);
        return revisions.Where(r => r != newest).Prepend(newest);
    }

    /// <summary>What the rollout under way brings without anybody asking: a batch where it takes its time, else all of it in a moment.</summary>
    private int Comes(Member member, Pool pool, RevisionPods newest) =>
        member.Spec.Strategy.Paused ? 0 : RolloutMethods.Exposes(member with { Away = member.Away - member.Coming }, rules, held.OnRecord(pool, KeyOf(newest)));

    private string KeyOf(RevisionPods revision) => RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images);
}
