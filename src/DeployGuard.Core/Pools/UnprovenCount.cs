using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Pools;

/// <summary>Counts the pods without proof that a pool has, or is about to have.</summary>
internal sealed class UnprovenCount(SafeguardPolicy policy, CanaryRules rules, Serving serving, Proven proven)
{
    /// <param name="asking">The workload that a request is about: it says itself what it is to have.</param>
    public List<UnprovenPods> Of(Pool pool, ProvenHere here, WorkloadRef? asking)
    {
        var counted = pool.Members.SelectMany(m => Of(m, here)).ToList();
        foreach (var reached in serving.Reached.Where(r => r.Policy == policy.Name && r.Pool == pool.Name && r.Workload != asking && !r.IsSeenIn(serving.Members)))
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

    /// <summary>Unproven pods of a workload that is not asked about: what runs, and what its rollout under way may bring at once.</summary>
    public IEnumerable<UnprovenPods> Of(Member member, ProvenHere here)
    {
        var left = member.Size;
        foreach (var revision in NewestFirst(member))
        {
            if (!proven.Lacks(member, revision, here))
            {
                continue;
            }

            var isNewest = revision.TemplateHash == member.Spec.Template.Hash;
            var running = !member.IsRollingOut ? member.Size : isNewest ? Math.Max(revision.Pods, AtOnce(member)) : revision.Pods;
            var pods = Math.Min(left, running);
            left -= pods;
            if (pods > 0)
            {
                yield return new UnprovenPods(RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images), member.Spec.Ref, revision.TemplateHash, revision.Images, pods);
            }
        }
    }

    /// <summary>Also the newest, of which its controller may have made nothing yet.</summary>
    private static IEnumerable<RevisionPods> NewestFirst(Member member)
    {
        var hash = member.Spec.Template.Hash;
        var revisions = Proven.RevisionsOf(member);
        var newest = revisions.FirstOrDefault(r => r.TemplateHash == hash) ?? new RevisionPods(hash, null, member.Spec.Template.ImageNames, 0);
        return revisions.Where(r => r.TemplateHash != hash).Prepend(newest);
    }

    /// <summary>What the rollout under way brings without anybody asking.</summary>
    private static int AtOnce(Member member) => member.Spec.Strategy switch
    {
        { Paused: true } => 0,
        { Partition: > 0 and var partition } => Math.Max(0, member.Size - partition),
        _ => RolloutBatch.Of(member.Spec),
    };
}
