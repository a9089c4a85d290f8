using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>The effect of a request on a ReplicaSet or a Pod on its pools, including the next actions of the controllers.</summary>
internal sealed class ObjectExposure(ExposureContext context)
{
    public IReadOnlyList<PoolAssessment> Of(EvaluatedRequest evaluated, NamespaceObjects objects)
    {
        var after = ObjectChange.After(objects, evaluated);
        if (ReferenceEquals(after, objects))
        {
            return [];
        }

        var then = after.ToSnapshot().Members;
        var touched = LabelsOf(evaluated, objects).ToList();
        var pools = context
            .Namespace.Services.Where(s => touched.Any(s.Selects))
            .Select(s => (Then: Pool.Behind(s, then), Now: Pool.Behind(s, context.Namespace.Members)))
            .ToList();
        if (pools.Count == 0)
        {
            pools.AddRange(OwnPool(evaluated, objects, then));
        }

        var isRelabelled =
            evaluated is { Before: { } before, After: { } asked } && !Maps.Same(before.Template.Labels, asked.Template.Labels);
        return [.. pools.Select(p => Assess(p.Then, p.Now, isRelabelled))];
    }

    /// <summary>
    /// Labels by which a Service may select pods that the request affects: those of the object, before and after, and of its owners' other
    /// pods.
    /// </summary>
    private static IEnumerable<IReadOnlyDictionary<string, string>> LabelsOf(EvaluatedRequest evaluated, NamespaceObjects objects)
    {
        Workload?[] versions = [evaluated.Before, evaluated.After];
        foreach (var version in versions.OfType<Workload>())
        {
            yield return version.Template.Labels;
            for (
                var (owner, depth) = (OwnerOf(version, objects), 0);
                owner is not null && depth < 3;
                (owner, depth) = (OwnerOf(owner, objects), depth + 1)
            )
            {
                yield return owner.Template.Labels;
                foreach (var set in objects.Workloads.Where(w => w.Spec.Type.HoldsOneRevision && w.Spec.ControllerUid == owner.Uid))
                {
                    yield return set.Spec.Template.Labels;
                }
            }
        }
    }

    /// <summary>A workload behind no Service is a pool of its own: the pool of the object's owner, or of the object itself.</summary>
    private IEnumerable<(Pool Then, Pool Now)> OwnPool(EvaluatedRequest evaluated, NamespaceObjects objects, IReadOnlyList<Member> then)
    {
        var root = evaluated.Before is { } before ? RootOf(before, objects) : null;
        foreach (var member in then.Where(m => m.Spec.Ref == (root ?? evaluated.Before)?.Ref))
        {
            foreach (var pool in Pool.Of(member, context.Namespace.Services, then))
            {
                var now = context.Namespace.Members.FirstOrDefault(m => m.Spec.Ref == member.Spec.Ref);
                yield return (
                    pool,
                    now is null
                        ? pool with
                        {
                            Members = [],
                        }
                        : Pool.Of(now, context.Namespace.Services, context.Namespace.Members).FirstOrDefault(p => p.Name == pool.Name)
                            ?? pool with
                            {
                                Members = [],
                            }
                );
            }
        }
    }

    public PoolAssessment Assess(Pool pool, Pool before, bool isRelabelled)
    {
        var proven = context.Proven.In(before);
        var (had, has) = (context.Unproven.Of(before, proven, null), context.Unproven.Of(pool, proven, null));
        var provenBefore = ExposureContext.ProvenOf(before, had);
        var served = context.Replaced(pool, provenBefore);
        var (totalBefore, total) = (context.CurrentTotal(before, had), ExposureContext.TotalOf(pool, has, null));
        var noneLeft = ExposureContext.ProvenOf(pool, has) <= 0 && !context.HasProven(pool, proven);
        total = noneLeft ? Math.Max(total, served.Most) : total;
        // Deleted pods are replaced now, and not when their turn in the rollout comes.
        var hastened = has.Where(p =>
                pool.Members.Any(m => m.ReplacesAtOnce && m.Spec.Ref == p.Workload && m.Spec.Template.Hash == p.TemplateHash)
            )
            .Select(p => p.Key);
        // When a separately counted pod leaves, its controller creates one from its template instead.
        var filled = pool
            .Members.Where(m => before.Members.Any(b => b.Spec.Ref == m.Spec.Ref && b.SeparatePods > m.SeparatePods))
            .SelectMany(m => ProvenRevisions.RevisionsOf(m).Where(r => context.Proven.IsUnproven(m, r, proven)))
            .Select(r => RevisionKey.Of(context.Rules.Covers, r.TemplateHash, r.Images));
        IReadOnlyList<string> raised = [.. ExposureContext.RaisedKeys(had, has).Union(hastened).Union(filled)];
        if (raised.Count == 0 && isRelabelled && (long)has.Sum(p => p.Pods) * totalBefore > (long)had.Sum(p => p.Pods) * total)
        {
            // With fewer proven pods, the unproven ones reach a larger share of the users.
            raised = [.. has.Select(p => p.Key).Distinct()];
        }

        return new PoolAssessment
        {
            Pool = pool,
            Total = total,
            Unproven = has.Sum(p => p.Pods),
            Revisions = has,
            Rules = context.Rules,
            Held = context.FewestHeld(before, raised.Count > 0 ? raised : has.Select(p => p.Key).Distinct(), totalBefore),
            IsCold = noneLeft && served.Most == 0,
            IsRaised = raised.Count > 0,
            OwnBatch = pool
                .Members.Where(m => m.IsRollingOut && raised.Contains(RevisionKey.Of(context.Rules.Covers, m.Spec)))
                .Select(m => BatchOf(m, pool))
                .DefaultIfEmpty(0)
                .Max(),
            LeavesNoneProven = false,
            Replaced = noneLeft ? served : null,
            Raised = raised,
            Asked = 0,
            Raises =
            [
                .. has.Where(p => raised.Contains(p.Key))
                    .Select(p => p with { Pods = p.Pods - had.Where(h => h.Key == p.Key && h.Workload == p.Workload).Sum(h => h.Pods) })
                    .Where(p => p.Pods > 0),
            ],
        };
    }

    /// <summary>Pods that the rollout in progress may replace at once; 0 if it does not conform.</summary>
    private int BatchOf(Member member, Pool pool)
    {
        var steps = context.Held.OnRecord(pool, RevisionKey.Of(context.Rules.Covers, member.Spec));
        return
            context.Rules.Accept.Contains(Policies.RolloutMethod.Pace)
            && PaceBound.Of(member, context.Rules, steps) is { Faults.Count: 0 } bound
            ? Math.Min(bound.Batch, member.Size)
            : 0;
    }

    private static Workload? RootOf(Workload made, NamespaceObjects objects)
    {
        var root = OwnerOf(made, objects);
        return root is not null && OwnerOf(root, objects) is { } above ? above : root;
    }

    private static Workload? OwnerOf(Workload made, NamespaceObjects objects) =>
        made.ControllerUid is { } uid ? objects.Workloads.FirstOrDefault(w => w.Spec.Uid == uid)?.Spec : null;
}
