using DeployGuard.Kubernetes.Controllers;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Which controllers change workloads outside their own namespace, with their names where known, and a remedy where they are refused.
/// </summary>
internal static class ControllerChanges
{
    public static IEnumerable<Diagnosis> Diagnose(IReadOnlyList<SeenChanges> seen, Installation installation) =>
        seen.GroupBy(s => s.User).Select(of => Diagnose(of.Key, [.. of], installation));

    private static Diagnosis Diagnose(string user, IReadOnlyList<SeenChanges> changes, Installation installation)
    {
        var refused = changes.Where(c => c.Refused).Select(c => c.Kind).ToList();
        var known = PresetRemedy.For(user, refused is [var kind, ..] ? kind : changes[0].Kind);
        var who = known is null ? user : $"{known.Name} ({user})";
        var message =
            $"{who} changes {string.Join(", ", changes.Select(c => $"{c.Kind}s"))} outside its own namespace, in {Places(changes)}";
        return refused.Count > 0
            ? Diagnosis.Warning($"{message}; some requests were refused", PresetRemedy.Of(user, refused, installation) ?? RemedyForUnknown)
            : Diagnosis.Ok(message);
    }

    private static string RemedyForUnknown =>
        $"See {PresetRemedy.Docs}: changes of a deploy tool need approval as those of a person do, and there are settings for "
        + "controllers that restart, scale or queue";

    private static string Places(IReadOnlyList<SeenChanges> changes)
    {
        var namespaces = changes.SelectMany(c => c.Namespaces).Distinct().Order(StringComparer.Ordinal).ToList();
        // A full list may have been cut.
        var orMore = changes.Any(c => c.Namespaces.Count >= SeenChanges.MaxNamespaces) ? " or more" : "";
        return $"{namespaces.Count}{orMore} namespace{(namespaces.Count == 1 ? "" : "s")} ({string.Join(", ", namespaces)})";
    }
}
