using System.Globalization;

namespace DeployGuard.Core.Workloads;

/// <summary>The fields of a Service that decide which pods its users reach.</summary>
/// <param name="Selector">Empty if it has none: its endpoints are then managed by hand.</param>
/// <param name="IsExternalName">Its type is ExternalName: it has no pods, even with a selector.</param>
public sealed record Service(string Name, IReadOnlyDictionary<string, string> Selector, bool IsExternalName)
{
    /// <summary>Labels that name the ordinal of a StatefulSet's pod. A pod keeps them when its revision changes.</summary>
    public static IReadOnlySet<string> OrdinalLabelKeys { get; } =
        new HashSet<string> { "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index" };

    /// <summary>Labels that controllers add to pods and that templates lack. A template does not show which pods will have them.</summary>
    public static IReadOnlySet<string> ControllerLabelKeys { get; } =
        new HashSet<string>(["pod-template-hash", "controller-revision-hash", "pod-template-generation", .. OrdinalLabelKeys]);

    /// <summary>The host of an ExternalName Service.</summary>
    public string ExternalName { get; init; } = "";

    public IReadOnlyList<ServicePort> Ports { get; init; } = [];

    /// <summary>Users also reach pods that are not ready.</summary>
    public bool PublishesNotReady { get; init; }

    /// <summary>A traffic policy or distribution may restrict users to pods on their own node or zone.</summary>
    public bool RoutesLocally { get; init; }

    /// <summary>Cluster IPs, external IPs and other addresses. A Service that takes over an address also receives its users.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>In the form of <c>kubectl -l</c>, sorted by key. Services with the same text select the same pods.</summary>
    public string SelectorText => string.Join(',', Selector.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={s.Value}"));

    /// <param name="selector">In the form of <see cref="SelectorText"/>.</param>
    public static Service Selecting(string name, string selector) =>
        new(
            name,
            selector
                .Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Split('=', 2))
                .Where(l => l.Length == 2)
                .DistinctBy(l => l[0])
                .ToDictionary(l => l[0], l => l[1]),
            false
        );

    /// <summary>Whether users of the Service reach pods with these labels.</summary>
    public bool Selects(IReadOnlyDictionary<string, string> labels)
    {
        if (IsExternalName || Selector.Count == 0)
        {
            return false;
        }

        foreach (var (key, value) in Selector)
        {
            if (!labels.TryGetValue(key, out var found) || found != value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The Service that an ExternalName refers to; null for a host outside the cluster, or in an unknown cluster domain.</summary>
    public (string Namespace, string Name)? Target =>
        IsExternalName
        && ExternalName.TrimEnd('.').ToLowerInvariant().Split('.') is [var name, var ns, "svc", ..] parts
        && parts[3..] is [] or ["cluster", "local"]
            ? (ns, name)
            : null;
}

/// <param name="Target">A number, or the name of a container's port.</param>
public sealed record ServicePort(int Number, string Protocol, string Target)
{
    /// <summary>A numeric target port may be open without being declared.</summary>
    public bool IsNumber => int.TryParse(Target, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    public bool IsDeclaredBy(PodTemplate template) =>
        template.Containers.Any(c =>
            c.Ports.Any(p => p.Protocol == Protocol && (p.Name == Target || p.Number.ToString(CultureInfo.InvariantCulture) == Target))
        );
}
