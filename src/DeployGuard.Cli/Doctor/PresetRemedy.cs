using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Doctor;

/// <summary>The remedy for a well-known controller that is evaluated as if it were a person.</summary>
internal static class PresetRemedy
{
    public const string Docs = "docs/integrations.md";

    /// <summary>
    /// The command that trusts it for these kinds, or the page that says why it cannot be trusted; null if it is unknown.
    /// </summary>
    /// <param name="kinds">The kinds that it creates or changes without being trusted for them.</param>
    public static string? Of(string user, IReadOnlyList<string> kinds, Installation installation)
    {
        var presets = kinds.Select(k => For(user, k)).OfType<ControllerPreset>().Distinct().ToList();
        var missing = presets.Where(p => p.IsSafe && p.User == user && !IsTrusted(p, installation.Options.Trusted)).ToList();
        return missing.Count > 0 ? Trust(missing, installation)
            : presets is [var known, ..] ? $"See {Docs}#{known.Name}: {known.Why}"
            : null;
    }

    /// <summary>Where several run as one account, the preset for the kind; else the first, which is for all kinds.</summary>
    public static ControllerPreset? For(string user, string kind) =>
        ControllerPreset.OfUser(user).OrderByDescending(p => p.Kinds.Contains(kind)).FirstOrDefault() ?? ControllerPreset.NamedLike(user);

    /// <summary>Helm replaces a list, so the new one repeats the present entries.</summary>
    private static string Trust(List<ControllerPreset> missing, Installation installation)
    {
        var presets = new JsonArray([
            .. installation.Presets.Concat(missing.Select(p => p.Name)).Distinct().Select(n => JsonValue.Create(n)),
        ]);
        var needed = missing.Select(p => p.Needs).OfType<CustomKind>().Except(installation.Options.CustomKinds).ToList();
        var all = new JsonArray([.. installation.Options.CustomKinds.Concat(needed).Select(InValues)]);
        var kinds = needed.Count == 0 ? "" : $" --set-json 'workloadKinds={all.ToJsonString()}'";
        var flags = $"--reset-then-reuse-values --set-json 'trustedControllerPresets={presets.ToJsonString()}'{kinds}";
        return $"Add it to the chart's presets: {installation.Upgrade(flags)}. See {Docs}#{missing[0].Name}";
    }

    private static JsonNode InValues(CustomKind kind) =>
        new JsonObject
        {
            ["group"] = kind.ApiGroup,
            ["resource"] = kind.Resource,
            ["kind"] = kind.Kind,
            ["templatePath"] = kind.TemplatePath,
        };

    private static bool IsTrusted(ControllerPreset preset, TrustedControllers trusted) =>
        trusted.All.Any(t => t.User == preset.User && preset.Kinds.All(t.Kinds.Contains))
        || trusted.ByOwner.Any(t => t.User == preset.User && t.Owner == preset.Needs);
}
