using System.Runtime.CompilerServices;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Finds the Services that select some labels without looking at all of the namespace. Kept as long as the list, which is the same one
/// until an object of the namespace changes.
/// </summary>
internal sealed class ServiceIndex
{
    private static readonly ConditionalWeakTable<IReadOnlyList<Service>, ServiceIndex> s_kept = [];

    private readonly IReadOnlyList<Service> _all;

    /// <summary>Each is under one label of its selector, the one that the fewest others have.</summary>
    private readonly Dictionary<(string Key, string Value), List<int>> _byLabel = [];

    private ServiceIndex(IReadOnlyList<Service> all)
    {
        _all = all;
        var counts = all.SelectMany(s => s.Selector).GroupBy(l => (l.Key, l.Value)).ToDictionary(g => g.Key, g => g.Count());
        for (var i = 0; i < all.Count; i++)
        {
            if (all[i].Selector.Count == 0)
            {
                continue;
            }

            var (key, value) = all[i].Selector.MinBy(l => counts[(l.Key, l.Value)]);
            if (!_byLabel.TryGetValue((key, value), out var positions))
            {
                _byLabel[(key, value)] = positions = new List<int>(1);
            }

            positions.Add(i);
        }
    }

    public static ServiceIndex Of(IReadOnlyList<Service> all) => s_kept.GetValue(all, static list => new ServiceIndex(list));

    /// <summary>Those that select pods with these labels, in the order of the list.</summary>
    public IReadOnlyList<Service> Selecting(IReadOnlyDictionary<string, string> labels) => Selecting([labels]);

    /// <summary>Those that select pods with any of these labels, in the order of the list.</summary>
    public IReadOnlyList<Service> Selecting(IEnumerable<IReadOnlyDictionary<string, string>> any)
    {
        List<int>? found = null;
        foreach (var labels in any)
        {
            foreach (var (key, value) in labels)
            {
                if (_byLabel.TryGetValue((key, value), out var positions))
                {
                    (found ??= []).AddRange(positions.Where(p => _all[p].Selects(labels)));
                }
            }
        }

        return found is null ? [] : [.. found.Distinct().Order().Select(p => _all[p])];
    }

    /// <summary>Whether a Service selects pods with one of these label sets, and not with the other.</summary>
    public bool Distinguishes(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        !ReferenceEquals(one, other) && (Selecting(one).Any(s => !s.Selects(other)) || Selecting(other).Any(s => !s.Selects(one)));
}
