using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// Works out which share of a pool's pods a request would let run unproven revisions. Every pool that the request touches is judged by
/// itself, before and after it.
/// </summary>
internal sealed class ExposureEvaluator
{
    private readonly ExposureContext _context;

    private ExposureEvaluator(ExposureContext context) => _context = context;

    /// <summary>Null where the policy asks for no canary.</summary>
    public static ExposureEvaluator? Under(SafeguardPolicy policy, ClusterSnapshot cluster, DateTimeOffset now) =>
        policy.Canary is { Required: not Required.Never } rules ? new ExposureEvaluator(new ExposureContext(policy, rules, cluster, now)) : null;

    /// <summary>Every pool that the request touches; none where it runs what serves nobody, or nothing that is known.</summary>
    public IReadOnlyList<PoolAssessment> Assess(EvaluatedRequest evaluated) => evaluated.Request switch
    {
        ServiceRequest service => new ServiceExposure(_context).Of(service),
        EndpointsRequest endpoints => [.. new ServiceExposure(_context).Of(endpoints)],
        _ when ObjectChange.Is(evaluated.Request) && _context.Namespace.Objects is { } objects => new ObjectExposure(_context).Of(evaluated, objects),
        WorkloadRequest { SubResource: "ephemeralcontainers" or "status" } or WorkloadRequest { Operation: Operation.Delete } => [],
        _ => evaluated.After is { } after && Member.Serves(after.Ref.Kind) ? new WorkloadExposure(_context).Of(evaluated, after) : [],
    };

    /// <summary>How every pool of the namespace stands now, with nobody asking for anything.</summary>
    public static IEnumerable<PoolStanding> Standings(NamespaceSnapshot snapshot, SafeguardPolicy policy, ClusterSnapshot cluster, DateTimeOffset now) =>
        Under(policy, cluster with { Namespace = snapshot }, now) is { } evaluator
            ? snapshot.Members
                .SelectMany(m => Pool.Of(m, snapshot.Services, snapshot.Members).Where(p => p.Service is not null || m.IsPoolByItself))
                // Also those of which no template is selected, but pods are.
                .Concat(snapshot.Services.Select(s => Pool.Behind(s, snapshot.Members)))
                .DistinctBy(p => p.Name).SelectMany(evaluator.Stand)
            : [];

    private IEnumerable<PoolStanding> Stand(Pool pool)
    {
        var proven = _context.Proven.In(pool);
        var unproven = _context.Unproven.Of(pool, proven, null);
        var total = _context.WeighNow(pool, unproven);
        foreach (var member in pool.Members)
        {
            foreach (var revision in ProvenRevisions.RevisionsOf(member))
            {
                var lacks = _context.Proven.Lacks(member, revision, proven);
                yield return Standing(pool, member, revision, lacks) with { Unproven = unproven.Sum(u => u.Pods), Total = total, Held = HeldBy(pool, revision, lacks, total) };
            }
        }
    }

    private PoolStanding Standing(Pool pool, Member member, RevisionPods revision, bool lacks) => new()
    {
        Policy = _context.Policy.Name,
        Pool = pool.Name,
        Selector = pool.Service?.SelectorText ?? "",
        Addresses = string.Join(',', pool.Service?.Addresses ?? []),
        Workload = member.RecordedAs ?? member.Spec.Ref,
        TemplateHash = revision.TemplateHash,
        Images = revision.Images,
        Owned = revision.Owned,
        Pods = Math.Min(member.Size, revision.Pods),
        Size = member.Size,
        IsReached = pool.IsOwn(member),
        IsCurrent = revision.TemplateHash == member.Spec.Template.Hash,
        IsProven = !lacks,
        Unproven = 0,
        Total = 0,
        Rules = _context.Rules,
        IsProving = lacks && RolloutMethods.Prove(member, pool, _context.Rules),
    };

    private StepProgress HeldBy(Pool pool, RevisionPods revision, bool lacks, int total) => lacks
        ? _context.Held.In(pool, RevisionKey.Of(_context.Rules.Covers, revision.TemplateHash, revision.Images), total)
        : new StepProgress(_context.Rules.Steps.Count, "", null);
}
