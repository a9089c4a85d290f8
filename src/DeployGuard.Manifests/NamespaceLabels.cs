using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>The labels of namespaces, from their manifests or from the command line, which counts more.</summary>
public sealed class NamespaceLabels
{
    /// <summary>Every namespace has it, and its manifest need not.</summary>
    private const string Name = "kubernetes.io/metadata.name";

    public const string Expected =
        "expected NAMESPACE=KEY=VALUE,..., such as shop=deployguard.io/tier=1, or NAMESPACE= for one without labels";

    private readonly Dictionary<string, Dictionary<string, string>> _read = [];
    private readonly Dictionary<string, Dictionary<string, string>> _given = [];

    /// <summary>Adds labels as the command line gives them.</summary>
    /// <exception cref="ManifestException">The text is not of the expected form.</exception>
    public void Give(string text)
    {
        var (space, labels) = ParseOrNull(text) ?? throw new ManifestException($"--namespace-labels {text}: {Expected}");
        if (!_given.TryGetValue(space, out var all))
        {
            _given[space] = all = new Dictionary<string, string>(StringComparer.Ordinal) { [Name] = space };
        }

        foreach (var (key, value) in labels)
        {
            all[key] = value;
        }
    }

    public static (string Namespace, IReadOnlyList<(string Key, string Value)> Labels)? ParseOrNull(string text)
    {
        if (text.Split('=', 2) is not [{ Length: > 0 } space, var rest])
        {
            return null;
        }

        var labels = rest.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('=', 2)).ToList();
        return labels.TrueForAll(l => l is [{ Length: > 0 }, _]) ? (space, [.. labels.Select(l => (l[0], l[1]))]) : null;
    }

    internal void Read(string space, IReadOnlyDictionary<string, string> labels) =>
        _read[space] = new Dictionary<string, string>(labels, StringComparer.Ordinal) { [Name] = space };

    /// <summary>Null if they are not known.</summary>
    internal IReadOnlyDictionary<string, string>? Of(string space) => _given.GetValueOrDefault(space) ?? _read.GetValueOrDefault(space);

    /// <summary>The policies without those that select other namespaces by name.</summary>
    public static IReadOnlyList<SafeguardPolicy> PossibleIn(string space, IReadOnlyList<SafeguardPolicy> policies)
    {
        var name = new Dictionary<string, string>(StringComparer.Ordinal) { [Name] = space };
        return [.. policies.Where(p => p.Match.Namespaces.Requirements.Where(r => r.Key == Name).All(r => r.Holds(name)))];
    }

    /// <summary>Whether it is not known that the policy matches the namespace: it is taken to.</summary>
    public bool AreMissing(string space, SafeguardPolicy policy) =>
        Of(space) is null && policy.Match.Namespaces.Requirements.Any(r => r.Key != Name);
}
