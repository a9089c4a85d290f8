using DeployGuard.Kubernetes.Controllers;

namespace DeployGuard.Cli.Doctor;

/// <summary>Which machines change workloads of others, by name where they are known, and what to do where they are refused.</summary>
internal static class ControllerChanges
{
    public static IEnumerable<Diagnosis> Judge(IReadOnlyList<SeenChanges> seen, Installed installed) =>
        seen.GroupBy(s => s.User).Select(of => Judge(of.Key, [.. of], installed));

    private static Diagnosis Judge(string user, IReadOnlyList<SeenChanges> changes, Installed installed)
    {
        var refused = changes.Where(c => c.Refused).Select(c => c.Kind).ToList();
        var known = PresetRemedy.For(user, refused is [var kind, ..] ? kind : changes[0].Kind);
        var who = known is null ? user : $"{known.Name} ({user})";
        var words = $"{who} changes {string.Join(", ", changes.Select(c => $"{c.Kind}s"))} of others in {Places(changes)}";
        return refused.Count > 0
            ? Diagnosis.Warning($"{words}; some of it was refused", PresetRemedy.Of(user, refused, installed) ?? Unknown)
            : Diagnosis.Ok(words);
    }

    private static string Unknown => $"See {PresetRemedy.Docs}: what deploys for people is approved as they are, and what restarts, scales or queues has a setting";

    private static string Places(IReadOnlyList<SeenChanges> changes)
    {
        var namespaces = changes.SelectMany(c => c.Namespaces).Distinct().Order(StringComparer.Ordinal).ToList();
        // A list that is full may have been cut.
        var orMore = changes.Any(c => c.Namespaces.Count >= SeenChanges.MaxNamespaces) ? " or more" : "";
        return $"{namespaces.Count}{orMore} namespace{(namespaces.Count == 1 ? "" : "s")} ({string.Join(", ", namespaces)})";
    }
}
