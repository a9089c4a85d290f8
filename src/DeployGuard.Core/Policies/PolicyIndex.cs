using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

/// <summary>
/// Finds the policies that may match a workload without looking at all the others: a cluster may have a thousand. Built once for a list,
/// which must not change afterwards.
/// </summary>
public sealed class PolicyIndex<T>
{
    private readonly Dictionary<string, OfOneKind> _named;
    private readonly OfOneKind _others;

    /// <param name="matchOf">What an item of the list selects.</param>
    public PolicyIndex(IReadOnlyList<T> all, Func<T, PolicyMatch> matchOf)
    {
        All = all;
        // Kinds that no policy names share one list: requests may name any kind, and must not make this grow.
        _named = all.SelectMany(p => matchOf(p).Kinds)
            .Distinct()
            .ToDictionary(k => k, k => new OfOneKind([.. all.Where(p => matchOf(p).IncludesKind(k))], matchOf));
        _others = new OfOneKind([.. all.Where(p => matchOf(p).Kinds.Count == 0)], matchOf);
    }

    public IReadOnlyList<T> All { get; }

    /// <summary>Those that select this kind, whatever labels they ask for; in the order of the list.</summary>
    public IReadOnlyList<T> Of(string kind) => ListOf(kind).All;

    /// <summary>
    /// All that select an object of this kind with either of these labels, and some more, because only one requirement of a selector is
    /// looked up; in the order of the list.
    /// </summary>
    public IReadOnlyList<T> Of(string kind, IReadOnlyDictionary<string, string>? before, IReadOnlyDictionary<string, string>? after) =>
        ListOf(kind).With(before, after);

    private OfOneKind ListOf(string kind) => _named.GetValueOrDefault(kind, _others);

    private sealed class OfOneKind
    {
        /// <summary>Positions of those that ask for a value of a label.</summary>
        private readonly Dictionary<(string Key, string Value), List<int>> _byLabel = [];
        private readonly List<int> _always = [];
        private readonly List<T> _unlabelled = [];

        public OfOneKind(IReadOnlyList<T> all, Func<T, PolicyMatch> matchOf)
        {
            All = all;
            for (var i = 0; i < all.Count; i++)
            {
                if (matchOf(all[i]).Workloads.Requirements.FirstOrDefault(r => r.Operator is LabelOperator.In) is not { } asked)
                {
                    _always.Add(i);
                    _unlabelled.Add(all[i]);
                    continue;
                }

                foreach (var value in asked.Values.Distinct())
                {
                    Under((asked.Key, value)).Add(i);
                }
            }
        }

        public IReadOnlyList<T> All { get; }

        public IReadOnlyList<T> With(IReadOnlyDictionary<string, string>? before, IReadOnlyDictionary<string, string>? after)
        {
            if (_byLabel.Count == 0)
            {
                return All;
            }

            SortedSet<int>? found = null;
            Find(before, ref found);
            if (!ReferenceEquals(before, after))
            {
                Find(after, ref found);
            }

            if (found is null)
            {
                return _unlabelled;
            }

            found.UnionWith(_always);
            return [.. found.Select(i => All[i])];
        }

        private void Find(IReadOnlyDictionary<string, string>? labels, ref SortedSet<int>? found)
        {
            foreach (var (key, value) in labels ?? Maps.Empty)
            {
                if (_byLabel.TryGetValue((key, value), out var positions))
                {
                    (found ??= []).UnionWith(positions);
                }
            }
        }

        private List<int> Under((string Key, string Value) label)
        {
            if (!_byLabel.TryGetValue(label, out var positions))
            {
                _byLabel[label] = positions = [];
            }

            return positions;
        }
    }
}
