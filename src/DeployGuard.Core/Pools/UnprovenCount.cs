using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Pools;

/// <summary>Counts the pods without proof that a pool has, with nobody asking for anything.</summary>
internal sealed class UnprovenCount(CanaryRules rules, Proven proven, HeldSteps held)
{
    public List<UnprovenPods> Of(Pool pool, ProvenHere here) => [.. pool.Members.SelectMany(m => Count(m, here, revision => Comes(m, pool, revision)))];

    /// <summary>Unproven pods that a workload has of other revisions than the one asked for: its rollout to them ends with the request.</summary>
    public IEnumerable<UnprovenPods> BesideAsked(Member member, string key, ProvenHere here) =>
        Count(member, here, revision => revision.Pods).Where(p => p.Key != key);

    /// <param name="comes">Pods that the newest revision comes to amid a rollout.</param>
    private IEnumerable<UnprovenPods> Count(Member member, ProvenHere here, Func<RevisionPods, int> comes)
    {
        var left = member.Size;
        foreach (var revision in NewestFirst(member))
        {
            if (!proven.Lacks(member, revision, here))
            {
                continue;
            }

            var isNewest = revision.TemplateHash == member.Spec.Template.Hash;
            var running = !member.IsRollingOut ? member.Size : isNewest ? Math.Max(revision.Pods, comes(revision)) : revision.Pods;
            var pods = Math.Min(left, running);
            left -= pods;
            if (pods > 0)
            {
                yield return new UnprovenPods(KeyOf(revision), member.Spec.Ref, revision.TemplateHash, revision.Images, pods);
            }
        }
    }

    /// <summary>Also the newest, of which its controller may have made nothing yet.</summary>
    private static IEnumerable<RevisionPods> NewestFirst(Member member)
    {
        var hash = member.Spec.Template.Hash;
        var revisions = Proven.RevisionsOf(member);
        var newest = revisions.FirstOrDefault(r => r.TemplateHash == hash) ?? new RevisionPods(hash, null, [.. member.Spec.Template.Images.Select(i => i.Reference.Text)], 0);
        return revisions.Where(r => r.TemplateHash != hash).Prepend(newest);
    }

    /// <summary>What the rollout under way brings without anybody asking: a batch where it takes its time, else all of it in a moment.</summary>
    private int Comes(Member member, Pool pool, RevisionPods newest) =>
        member.Spec.Strategy.Paused ? 0 : Proofs.Exposes(member, rules, held.OnRecord(pool, KeyOf(newest)));

    private string KeyOf(RevisionPods revision) => RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images);
}
