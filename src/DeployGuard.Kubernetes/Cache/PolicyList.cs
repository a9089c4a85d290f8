using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>The policies of the cluster as requests need them. Built once when a policy changes, and never altered.</summary>
internal sealed class PolicyList
{
    private static readonly IReadOnlyDictionary<string, AdoptedPods> s_nothing = new Dictionary<string, AdoptedPods>();

    /// <summary>Only the list of all policies is asked for it, so that the list of each namespace does not hold all adoptions.</summary>
    private readonly Lazy<Dictionary<string, IReadOnlyDictionary<string, AdoptedPods>>> _adopted;

    private readonly ConcurrentDictionary<string, PolicyIndex<PolicyEntry>> _enforced = new(StringComparer.Ordinal);

    /// <summary>By the labels of a cached namespace, which are other ones when it changes.</summary>
    private readonly ConditionalWeakTable<IReadOnlyDictionary<string, string>, PolicyList> _byNamespace = [];

    public PolicyList(IReadOnlyList<PolicyEntry> source)
    {
        Source = source;
        Entries = [.. source.OrderBy(p => p.Policy.Name, StringComparer.Ordinal)];
        All = [.. Entries.Select(p => p.Policy)];
        _adopted = new(AdoptedByNamespace);
    }

    /// <summary>What it was built from.</summary>
    public IReadOnlyList<PolicyEntry> Source { get; }

    /// <summary>Sorted by name.</summary>
    public IReadOnlyList<PolicyEntry> Entries { get; }

    /// <summary>Sorted by name.</summary>
    public IReadOnlyList<SafeguardPolicy> All { get; }

    /// <summary>Those whose namespace selector matches these labels, whatever else they select by; all for unknown labels.</summary>
    public PolicyList In(IReadOnlyDictionary<string, string>? labels) =>
        labels is null
            ? this
            : _byNamespace.GetValue(labels, known => new PolicyList([.. Entries.Where(e => e.Policy.Match.IncludesNamespace(known))]));

    /// <summary>
    /// The pods that were adopted in a namespace, by policy. Only adoptions that included pods count: those by a former version did not.
    /// </summary>
    public IReadOnlyDictionary<string, AdoptedPods> AdoptedIn(string @namespace) => _adopted.Value.GetValueOrDefault(@namespace, s_nothing);

    /// <summary>The Enforce policies that adopted a namespace. Only for namespaces that have objects: what is found is kept.</summary>
    public PolicyIndex<PolicyEntry> EnforcedSinceAdoptionOf(string @namespace) =>
        _enforced.GetOrAdd(
            @namespace,
            name => new PolicyIndex<PolicyEntry>(
                [.. Entries.Where(p => p.Policy.Mode is Mode.Enforce && p.AdoptedServing.ContainsKey(name))],
                p => p.Policy.Match
            )
        );

    private Dictionary<string, IReadOnlyDictionary<string, AdoptedPods>> AdoptedByNamespace() =>
        Entries
            .SelectMany(p => p.AdoptedServing.Select(a => (Namespace: a.Key, p.Policy.Name, Pods: a.Value)))
            .GroupBy(a => a.Namespace, StringComparer.Ordinal)
            .ToDictionary(
                g => g.Key,
                IReadOnlyDictionary<string, AdoptedPods> (g) => g.ToDictionary(a => a.Name, a => a.Pods),
                StringComparer.Ordinal
            );
}
