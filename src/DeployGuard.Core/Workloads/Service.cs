using System.Globalization;

namespace DeployGuard.Core.Workloads;

/// <summary>A Service of a namespace, as far as it decides which pods its users reach.</summary>
/// <param name="Selector">Empty where it has none: its endpoints are somebody's own.</param>
/// <param name="IsExternalName">Its type is ExternalName: it has no pods, whatever it selects.</param>
public sealed record Service(string Name, IReadOnlyDictionary<string, string> Selector, bool IsExternalName)
{
    /// <summary>Labels of a StatefulSet's pods that name their ordinal: the same pod by name has them for ever, and runs another revision tomorrow.</summary>
    public static IReadOnlySet<string> OfOrdinals { get; } = new HashSet<string> { "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index" };

    /// <summary>Labels that pods have and templates do not: who will have them cannot be told from what is asked for.</summary>
    public static IReadOnlySet<string> WrittenByControllers { get; } =
        new HashSet<string>(["pod-template-hash", "controller-revision-hash", "pod-template-generation", .. OfOrdinals]);

    /// <summary>The host that an ExternalName stands for.</summary>
    public string ExternalName { get; init; } = "";

    public IReadOnlyList<ServicePort> Ports { get; init; } = [];

    /// <summary>Its users reach pods that are not ready too.</summary>
    public bool PublishesNotReady { get; init; }

    /// <summary>Users may be kept to the pods of their own node or zone, by a traffic policy or distribution.</summary>
    public bool KeepsToNode { get; init; }

    /// <summary>Cluster IPs and external IPs: users who know an address reach whatever has it.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>As <c>kubectl -l</c> takes it, in the order of the keys: two Services with the same text select the same pods.</summary>
    public string SelectorText => string.Join(',', Selector.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={s.Value}"));

    /// <param name="selector">As <see cref="SelectorText"/> has it.</param>
    public static Service Selecting(string name, string selector) => new(
        name,
        selector.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('=', 2)).Where(l => l.Length == 2).DistinctBy(l => l[0]).ToDictionary(l => l[0], l => l[1]),
        false);

    /// <summary>Whether any of the Services selects pods with one of these label sets, and not with the other.</summary>
    public static bool TellApart(IEnumerable<Service> services, IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        !ReferenceEquals(one, other) && services.Any(s => s.Selects(one) != s.Selects(other));

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

    /// <summary>The Service of the cluster that an ExternalName stands for; null where it is another host, or a cluster domain that we do not know.</summary>
    public (string Namespace, string Name)? Target =>
        IsExternalName && ExternalName.TrimEnd('.').ToLowerInvariant().Split('.') is [var name, var ns, "svc", ..] parts && parts[3..] is [] or ["cluster", "local"]
            ? (ns, name)
            : null;
}

/// <param name="Target">A number, or the name of a container's port.</param>
public sealed record ServicePort(int Number, string Protocol, string Target)
{
    /// <summary>A number may be open in any pod, whether it is declared or not.</summary>
    public bool IsNumber => int.TryParse(Target, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    public bool IsDeclaredBy(PodTemplate template) => template.Containers.Any(c => c.Ports.Any(p =>
        p.Protocol == Protocol && (p.Name == Target || p.Number.ToString(CultureInfo.InvariantCulture) == Target)));
}
