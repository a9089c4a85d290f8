using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// The members of a namespace with the few that a request changes: as if it were a list in which these are replaced, left out, or added at
/// the end. Immutable.
/// </summary>
internal sealed class MemberSet
{
    private static readonly Dictionary<int, Member?> s_nothing = [];

    private readonly MemberIndex _index;

    /// <summary>By position; null where it is left out.</summary>
    private readonly Dictionary<int, Member?> _changed;
    private readonly Member? _added;

    private MemberSet(MemberIndex index, Dictionary<int, Member?> changed, Member? added) =>
        (_index, _changed, _added) = (index, changed, added);

    public static MemberSet Of(IReadOnlyList<Member> all) => new(MemberIndex.Of(all), s_nothing, null);

    /// <summary>Those that replace others, in the order of the list.</summary>
    public IEnumerable<Member> Changed => _changed.OrderBy(c => c.Key).Select(c => c.Value).OfType<Member>();

    public MemberSet Adding(Member member) =>
        _added is null ? new(_index, _changed, member) : throw new InvalidOperationException("a request adds one workload");

    public MemberSet Without(IEnumerable<WorkloadRef> workloads) => With(workloads, static _ => null);

    public MemberSet Without(WorkloadRef workload) => With([workload], static _ => null);

    /// <param name="change">What takes the place of a member; null for nothing.</param>
    public MemberSet With(IEnumerable<WorkloadRef> workloads, Func<Member, Member?> change)
    {
        var changed = new Dictionary<int, Member?>(_changed);
        foreach (var position in workloads.SelectMany(w => _index.Of(w)))
        {
            if (At(position) is { } member)
            {
                changed[position] = change(member);
            }
        }

        return new(_index, changed, _added);
    }

    public Member? Find(WorkloadRef workload) => At(_index.Of(workload)).FirstOrDefault(m => m.Spec.Ref == workload);

    /// <summary>All of which a Service may select pods, and some more.</summary>
    public IEnumerable<Member> Near(Service service) => At(_index.Near(service));

    /// <summary>All with this name, of any kind, and some more.</summary>
    public IEnumerable<Member> Named(string name) => At(_index.Named(name));

    /// <summary>All that declare themselves canaries of a workload with one of these names, and some more.</summary>
    public IEnumerable<Member> CanariesOf(IEnumerable<string> names)
    {
        IReadOnlyList<int> positions = [.. names.SelectMany(_index.CanariesOf).Distinct().Order()];
        return At(positions);
    }

    /// <summary>Those at some positions, and all that a request changes.</summary>
    private IEnumerable<Member> At(IReadOnlyList<int> positions)
    {
        IReadOnlyList<int> all = _changed.Count == 0 ? positions : [.. positions.Union(_changed.Keys).Order()];
        foreach (var position in all)
        {
            if (At(position) is { } member)
            {
                yield return member;
            }
        }

        if (_added is not null)
        {
            yield return _added;
        }
    }

    private Member? At(int position) => _changed.TryGetValue(position, out var changed) ? changed : _index.All[position];
}
