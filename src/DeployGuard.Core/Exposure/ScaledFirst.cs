using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// A Deployment that grows gives each ReplicaSet that it has its part of the new size, and only then makes what its template says. So does one that is made and
/// finds ReplicaSets that nobody owns. What they run may be behind other Services than its template.
/// </summary>
internal sealed class ScaledFirst
{
    private readonly int _live;
    private readonly int _size;
    private readonly WorkloadRef _target;
    private readonly HashSet<WorkloadRef> _adopted = [];
    private readonly List<IReadOnlyDictionary<string, string>> _labels = [];

    public ScaledFirst(AskedWorkload asked, NamespaceObjects? objects)
    {
        (_target, _size) = (asked.After.Spec.Ref, asked.After.Size);
        if (_target.Kind != "Deployment")
        {
            return;
        }

        if (asked.Before is { } before)
        {
            _live = _size > before.Size ? before.Pods.Sum(p => p.Pods) : 0;
            _labels.AddRange(before.Pods.SelectMany(p => p.Seen).Select(g => g.Shape.Template.Labels));
            return;
        }

        foreach (var set in objects is null ? [] : Adopted(asked.After.Spec, objects))
        {
            _live += set.Replicas;
            _adopted.Add(set.Ref);
            _labels.Add(set.Template.Labels);
        }
    }

    /// <summary>Whether there is anything that it scales first behind a Service.</summary>
    public bool IsBehind(Service service) => _live > 0 && _labels.Exists(service.Selects);

    /// <summary>Unproven pods of others than the workload itself, with as many as it makes of those that it has.</summary>
    public List<UnprovenPods> Of(Pool pool, List<UnprovenPods> others) => _live == 0 ? others
        : others.ConvertAll(u => _adopted.Contains(u.Workload) || IsStray(pool, u.Workload) ? Scale(u) : u);

    /// <summary>The same of what the workload itself runs besides what is asked for.</summary>
    public List<UnprovenPods> Of(List<UnprovenPods> own) => _live == 0 ? own : own.ConvertAll(Scale);

    private UnprovenPods Scale(UnprovenPods some) => some with { Pods = Math.Max(some.Pods, (int)((((long)_size * some.Pods) + _live - 1) / _live)) };

    private bool IsStray(Pool pool, WorkloadRef workload) => workload.Kind == "Pod" && pool.Members.Any(m => m.Spec.Ref == workload && m.RecordedAs == _target);

    private static IEnumerable<Workload> Adopted(Workload deployment, NamespaceObjects objects) => deployment.Selector is { Requirements.Count: > 0 } selector
        ? objects.Workloads.Select(w => w.Spec).Where(s => s is { Ref.Kind: "ReplicaSet", ControllerUid: null, Replicas: > 0 } && selector.Matches(s.Labels))
        : [];
}
