using System.Runtime.CompilerServices;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Finds observed objects of a namespace without looking at all of them.</summary>
internal sealed class ObjectIndex
{
    private static readonly ConditionalWeakTable<NamespaceObjects, ObjectIndex> s_kept = [];

    private readonly Dictionary<WorkloadRef, LiveWorkload> _byRef = [];
    private readonly ILookup<string, LiveRevision> _revisions;

    private ObjectIndex(NamespaceObjects objects)
    {
        foreach (var workload in objects.Workloads)
        {
            _byRef.TryAdd(workload.Spec.Ref, workload);
        }

        Orphans = [.. objects.Workloads.Select(w => w.Spec).Where(s => s is { Type.HoldsOneRevision: true, ControllerUid: null })];
        _revisions = objects.Revisions.ToLookup(r => r.ControllerUid);
    }

    /// <summary>ReplicaSets without a controller.</summary>
    public IReadOnlyList<Workload> Orphans { get; }

    public static ObjectIndex Of(NamespaceObjects objects) => s_kept.GetValue(objects, static of => new ObjectIndex(of));

    public LiveWorkload? Find(WorkloadRef workload) => _byRef.GetValueOrDefault(workload);

    public IEnumerable<LiveRevision> RevisionsOf(string uid) => _revisions[uid];
}
