using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// Calculates which share of a pool's pods would run unproven revisions after a request. Every affected pool is evaluated separately,
/// before and after the request.
/// </summary>
internal sealed class ExposureEvaluator
{
    private readonly ExposureContext _context;
    private readonly WorkloadExposure _workloads;

    private ExposureEvaluator(ExposureContext context) => (_context, _workloads) = (context, new WorkloadExposure(context));

    /// <summary>Null if the policy requires no canary.</summary>
    public static ExposureEvaluator? Under(SafeguardPolicy policy, ClusterSnapshot cluster, DateTimeOffset now) =>
        policy.Canary is { Required: not Required.Never } rules
            ? new ExposureEvaluator(new ExposureContext(policy, rules, new ExposureFacts(cluster), now))
            : null;

    /// <summary>Whether it would be the same for another snapshot.</summary>
    public bool IsFor(ClusterSnapshot cluster) => _context.Facts.AreOf(cluster);

    /// <summary>Every pool that the request affects; empty if its workload has no users, or is unknown.</summary>
    public IReadOnlyList<PoolAssessment> Assess(EvaluatedRequest evaluated) =>
        evaluated.Request switch
        {
            ServiceRequest service => new ServiceExposure(_context).Of(service),
            EndpointsRequest endpoints => [.. new ServiceExposure(_context).Of(endpoints)],
            _ when ObjectChange.Is(evaluated.Request) && _context.Namespace.Objects is { } objects => new ObjectExposure(_context).Of(
                evaluated,
                objects
            ),
            WorkloadRequest { SubResource: "ephemeralcontainers" or "status" } or WorkloadRequest { Operation: Operation.Delete } => [],
            _ => evaluated.After is { } after && after.Type.Serves ? _workloads.Of(evaluated, after) : [],
        };

    /// <summary>How every pool of the namespace stands now, without a request.</summary>
    public static IEnumerable<PoolStanding> Standings(
        NamespaceSnapshot snapshot,
        SafeguardPolicy policy,
        ClusterSnapshot cluster,
        DateTimeOffset now
    ) =>
        Under(policy, cluster with { Namespace = snapshot }, now) is { } evaluator
            ? snapshot
                .Members.SelectMany(m =>
                    Pool.Of(m, snapshot.Services, snapshot.Members).Where(p => p.Service is not null || m.IsPoolByItself)
                )
                // Also Services that select single pods and no template.
                .Concat(snapshot.Services.Select(s => Pool.Behind(s, snapshot.Members)))
                .DistinctBy(p => p.Name)
                .SelectMany(evaluator.StandingsOf)
            : [];

    private IEnumerable<PoolStanding> StandingsOf(Pool pool)
    {
        var proven = _context.Proven.In(pool);
        var unproven = _context.Unproven.Of(pool, proven, null);
        var total = _context.CurrentTotal(pool, unproven);
        var desired = ExposureContext.TotalOf(pool, unproven, null);
        foreach (var member in pool.Members)
        {
            foreach (var revision in ProvenRevisions.RevisionsOf(member))
            {
                var isUnproven = _context.Proven.IsUnproven(member, revision, proven);
                yield return Standing(pool, member, revision, isUnproven) with
                {
                    Unproven = unproven.Sum(u => u.Pods),
                    Desired = desired,
                    Total = total,
                    Held = HeldBy(pool, revision, isUnproven, total),
                };
            }
        }
    }

    private PoolStanding Standing(Pool pool, Member member, RevisionPods revision, bool isUnproven) =>
        new()
        {
            Policy = _context.Policy.Name,
            Pool = pool.Name,
            Selector = pool.Service?.SelectorText ?? "",
            Addresses = string.Join(',', pool.Service?.Addresses ?? []),
            Workload = member.RecordedAs ?? member.Spec.Ref,
            TemplateHash = revision.TemplateHash,
            Images = revision.Images,
            Owned = revision.OwnedName,
            Pods = Math.Min(member.Size, revision.Pods),
            Size = member.Size,
            IsReached = pool.IsFullMember(member),
            IsCurrent = revision.TemplateHash == member.Spec.Template.Hash,
            IsProven = !isUnproven,
            Unproven = 0,
            Total = 0,
            Rules = _context.Rules,
            IsProving = isUnproven && RolloutMethods.Prove(member, pool, _context.Rules),
        };

    private StepProgress HeldBy(Pool pool, RevisionPods revision, bool isUnproven, int total) =>
        isUnproven
            ? _context.Held.In(pool, RevisionKey.Of(_context.Rules.Covers, revision.TemplateHash, revision.Images), total)
            : new StepProgress(_context.Rules.Steps.Count, "", null);
}
