using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Revisions of one workload that run the same template: they are one, unless Services may tell their pods apart.</summary>
internal sealed class RevisionGrouping(IEnumerable<Service> services)
{
    /// <summary>Label keys by which Services of the namespace select, without those that controllers add to pods: templates lack these.</summary>
    private readonly List<string> _selectorKeys = [.. services.SelectMany(s => s.Selector.Keys).Except(Service.WrittenByControllers, StringComparer.Ordinal)];

    /// <summary>A restart makes another owner of the same revision: it is still one, unless Services may tell their pods apart.</summary>
    public IReadOnlyList<RevisionPods> Together(Workload owner, IEnumerable<RevisionPods> pods) =>
    [
        .. pods.GroupBy(p => p.TemplateHash).SelectMany(same => same.Skip(1).Any() ? same.GroupBy(p => SightOf(LabelsOf(p, owner))).Select(Joined) : same),
    ];

    private static RevisionPods Joined(IEnumerable<RevisionPods> same) => (same.MaxBy(p => p.Pods) ?? same.First()) with
    {
        Pods = same.Sum(p => p.Pods),
        ToBeDeleted = same.Max(p => p.ToBeDeleted),
        Seen = [.. same.SelectMany(p => p.Seen).Distinct()],
    };

    public static IReadOnlyDictionary<string, string> LabelsOf(RevisionPods revision, Workload owner) => revision.Labels ?? owner.Template.Labels;

    /// <summary>What Services see of labels: the values of those keys by which any of them selects.</summary>
    public string SightOf(IReadOnlyDictionary<string, string> labels) => string.Join('\n', _selectorKeys.Select(k => labels.GetValueOrDefault(k) ?? "\0"));
}
