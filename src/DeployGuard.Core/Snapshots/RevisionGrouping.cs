using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Merges revisions of one workload with the same template, unless Services may select their pods differently.</summary>
internal sealed class RevisionGrouping(IEnumerable<Service> services)
{
    /// <summary>
    /// Label keys in Service selectors of the namespace, without those that controllers add to pods, because templates lack these.
    /// </summary>
    private readonly List<string> _selectorKeys =
    [
        .. services.SelectMany(s => s.Selector.Keys).Except(Service.ControllerLabelKeys, StringComparer.Ordinal),
    ];

    /// <summary>
    /// A restart creates another ReplicaSet or ControllerRevision of the same revision. They are merged, unless Services may select their
    /// pods differently.
    /// </summary>
    public IReadOnlyList<RevisionPods> Merge(Workload owner, IEnumerable<RevisionPods> pods) =>
        [
            .. pods.GroupBy(p => p.TemplateHash)
                .SelectMany(same => same.Skip(1).Any() ? same.GroupBy(p => SelectorValuesOf(LabelsOf(p, owner))).Select(Merged) : same),
        ];

    private static RevisionPods Merged(IEnumerable<RevisionPods> same) =>
        (same.MaxBy(p => p.Pods) ?? same.First()) with
        {
            Pods = same.Sum(p => p.Pods),
            ToBeDeleted = same.Max(p => p.ToBeDeleted),
            Seen = [.. same.SelectMany(p => p.Seen).Distinct()],
        };

    public static IReadOnlyDictionary<string, string> LabelsOf(RevisionPods revision, Workload owner) =>
        revision.Labels ?? owner.Template.Labels;

    /// <summary>The values of the label keys that Services select by.</summary>
    public string SelectorValuesOf(IReadOnlyDictionary<string, string> labels) =>
        string.Join('\n', _selectorKeys.Select(k => labels.GetValueOrDefault(k) ?? "\0"));
}
