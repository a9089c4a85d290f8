using System.Runtime.CompilerServices;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Finds the Changes of a workload, a pool or a revision without looking at all of the namespace. Kept as long as the list, which is the
/// same one until a Change of the namespace changes. What is found is in the order of the list.
/// </summary>
internal sealed class ChangeLookup
{
    private static readonly ConditionalWeakTable<IReadOnlyList<Change>, ChangeLookup> s_kept = [];

    private readonly ILookup<WorkloadRef, Change> _byWorkload;
    private readonly Lazy<ILookup<string, Change>> _byPool;
    private readonly Lazy<ILookup<string, Change>> _bySteps;
    private readonly Lazy<ILookup<string, Change>> _byTemplate;
    private readonly Lazy<ILookup<string, Change>> _byImages;

    private ChangeLookup(IReadOnlyList<Change> all)
    {
        _byWorkload = all.ToLookup(c => c.Workload);
        _byPool = new(() => By(all, c => c.Served.Select(s => s.Pool).Distinct()));
        _bySteps = new(() => By(all, c => c.CompletedSteps.Select(s => s.Pool).Distinct()));
        _byTemplate = new(() => By(all, c => [RevisionKey.Of(CanaryCovers.Template, c)]));
        _byImages = new(() => By(all, c => [RevisionKey.Of(CanaryCovers.Images, c)]));
    }

    public static ChangeLookup Of(IReadOnlyList<Change> all) => s_kept.GetValue(all, static list => new ChangeLookup(list));

    public IEnumerable<Change> Of(WorkloadRef workload) => _byWorkload[workload];

    public IEnumerable<Change> Of(IEnumerable<WorkloadRef> workloads) => workloads.Distinct().SelectMany(w => _byWorkload[w]);

    /// <summary>Those whose revision served the users of a pool, as recorded.</summary>
    public IEnumerable<Change> ServedIn(string pool) => _byPool.Value[pool];

    /// <summary>Those with completed steps in a pool, under any policy.</summary>
    public IEnumerable<Change> WithStepsIn(string pool) => _bySteps.Value[pool];

    /// <param name="key"><see cref="RevisionKey"/>.</param>
    public IEnumerable<Change> OfRevision(CanaryCovers covers, string key) =>
        (covers is CanaryCovers.Images ? _byImages : _byTemplate).Value[key];

    private static ILookup<string, Change> By(IReadOnlyList<Change> all, Func<Change, IEnumerable<string>> keys) =>
        all.SelectMany(c => keys(c).Select(k => (Key: k, Change: c))).ToLookup(k => k.Key, k => k.Change);
}
