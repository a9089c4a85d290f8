using System.Runtime.CompilerServices;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Finds members of a namespace without looking at all of them: there may be ten thousand. Kept as long as the list, which is the same one
/// until an object of the namespace changes. All positions are in the order of the list.
/// </summary>
internal sealed class MemberIndex
{
    private static readonly ConditionalWeakTable<IReadOnlyList<Member>, MemberIndex> s_kept = [];
    private static readonly IReadOnlyList<int> s_none = [];

    private readonly Dictionary<WorkloadRef, int> _first = [];

    /// <summary>Of an object that is several members.</summary>
    private readonly Dictionary<WorkloadRef, List<int>> _several = [];
    private readonly Dictionary<(string Key, string Value), List<int>> _byLabel = [];
    private readonly Dictionary<string, List<int>> _byName = [];
    private readonly Dictionary<string, List<int>> _canaries = [];

    private MemberIndex(IReadOnlyList<Member> all)
    {
        All = all;
        for (var i = 0; i < all.Count; i++)
        {
            Add(all[i], i);
        }
    }

    public IReadOnlyList<Member> All { get; }

    public static MemberIndex Of(IReadOnlyList<Member> all) => s_kept.GetValue(all, static list => new MemberIndex(list));

    public IReadOnlyList<int> Of(WorkloadRef workload) =>
        _several.TryGetValue(workload, out var several) ? several
        : _first.TryGetValue(workload, out var first) ? [first]
        : s_none;

    public IReadOnlyList<int> Named(string name) => _byName.TryGetValue(name, out var found) ? found : s_none;

    /// <summary>Those that declare themselves canaries of a workload with this name.</summary>
    public IReadOnlyList<int> CanariesOf(string name) => _canaries.TryGetValue(name, out var found) ? found : s_none;

    /// <summary>All whose template or pods a Service may select, and some more: only its rarest label is looked up.</summary>
    public IReadOnlyList<int> Near(Service service)
    {
        IReadOnlyList<int>? fewest = null;
        foreach (var (key, value) in service.Selector)
        {
            if (!_byLabel.TryGetValue((key, value), out var having))
            {
                return s_none;
            }

            fewest = fewest is null || having.Count < fewest.Count ? having : fewest;
        }

        return fewest ?? s_none;
    }

    /// <summary>The labels of its template and of its pods: a Service selects some of it by one of them.</summary>
    public static IEnumerable<IReadOnlyDictionary<string, string>> LabelsOf(Member member)
    {
        yield return member.Spec.Template.Labels;
        foreach (var revision in member.Pods)
        {
            if (revision.Labels is { } labels)
            {
                yield return labels;
            }

            foreach (var group in revision.Seen)
            {
                yield return group.Shape.Template.Labels;
            }
        }
    }

    private void Add(Member member, int position)
    {
        var workload = member.Spec.Ref;
        if (!_first.TryAdd(workload, position))
        {
            if (!_several.TryGetValue(workload, out var several))
            {
                _several[workload] = several = [_first[workload]];
            }

            several.Add(position);
        }

        Put(_byName, workload.Name, position);
        if (member.CanaryOf is { } stable)
        {
            Put(_canaries, stable, position);
        }

        foreach (var labels in LabelsOf(member))
        {
            foreach (var (key, value) in labels)
            {
                Put(_byLabel, (key, value), position);
            }
        }
    }

    private static void Put<TKey>(Dictionary<TKey, List<int>> to, TKey key, int position)
        where TKey : notnull
    {
        if (!to.TryGetValue(key, out var positions))
        {
            to[key] = positions = new List<int>(1);
        }

        if (positions.Count == 0 || positions[^1] != position)
        {
            positions.Add(position);
        }
    }
}
