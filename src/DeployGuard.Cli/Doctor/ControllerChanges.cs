using System.Text.Json.Nodes;
using DeployGuard.Cluster.Records;
using DeployGuard.Core.Changes;

namespace DeployGuard.Cli.Doctor;

/// <summary>Which machines change workloads of others, by name where they are known, and what to do where they are refused.</summary>
internal static class ControllerChanges
{
    private const string Docs = "docs/integrations.md";

    public static IEnumerable<Diagnosis> Judge(IReadOnlyList<SeenChanges> seen, Installed installed) =>
        seen.GroupBy(s => s.User).Select(of => Judge(of.Key, [.. of], installed));

    private static Diagnosis Judge(string user, IReadOnlyList<SeenChanges> changes, Installed installed)
    {
        var known = ControllerPreset.OfUser(user).FirstOrDefault() ?? ControllerPreset.LikeUser(user);
        var namespaces = changes.SelectMany(c => c.Namespaces).Distinct().Order(StringComparer.Ordinal).ToList();
        var places = $"{namespaces.Count} namespace{(namespaces.Count == 1 ? "" : "s")} ({string.Join(", ", namespaces)})";
        var who = known is null ? user : $"{known.Name} ({user})";
        var words = $"{who} changes {string.Join(", ", changes.Select(c => $"{c.Kind}s"))} of others in {places}";
        return changes.Any(c => c.Refused)
            ? Diagnosis.Warning($"{words}; some of it was refused", Remedy(known, user, installed))
            : Diagnosis.Ok(words);
    }

    private static string Remedy(ControllerPreset? known, string user, Installed installed) => known switch
    {
        null => $"See {Docs}: what deploys for people is approved as they are, and what restarts, scales or queues has a setting",
        { IsSafe: true } when known.User == user && !IsTrusted(known, installed) =>
            $"Add it to the chart's presets: helm upgrade {installed.Name} CHART -n {installed.Options.Namespace} --reuse-values"
            + $" --set-json 'trustedControllerPresets={new JsonArray(JsonValue.Create(known.Name)).ToJsonString()}'. See {Docs}#{known.Name}",
        _ => $"See {Docs}#{known.Name}: {known.Why}",
    };

    private static bool IsTrusted(ControllerPreset preset, Installed installed) =>
        installed.Options.Trusted.All.Any(t => t.User == preset.User && preset.Kinds.All(t.Kinds.Contains));
}
