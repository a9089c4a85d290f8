using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Doctor;

/// <summary>What to do about a well-known controller that is judged as if a person asked.</summary>
internal static class PresetRemedy
{
    public const string Docs = "docs/integrations.md";

    /// <summary>The command that trusts it for what it does here, or where it says why it cannot be; null if it is not known.</summary>
    /// <param name="kinds">What it makes or changes, and is not let through for.</param>
    public static string? Of(string user, IReadOnlyList<string> kinds, Installed installed)
    {
        var presets = kinds.Select(k => For(user, k)).OfType<ControllerPreset>().Distinct().ToList();
        var missing = presets.Where(p => p.IsSafe && p.User == user && !IsTrusted(p, installed.Options.Trusted)).ToList();
        return missing.Count > 0 ? Trust(missing, installed)
            : presets is [var known, ..] ? $"See {Docs}#{known.Name}: {known.Why}"
            : null;
    }

    /// <summary>Of several that run as one account, the one that is for the kind; else the first, which is for all kinds.</summary>
    public static ControllerPreset? For(string user, string kind) =>
        ControllerPreset.OfUser(user).OrderByDescending(p => p.Kinds.Contains(kind)).FirstOrDefault() ?? ControllerPreset.LikeUser(user);

    /// <summary>A list that is given to Helm takes the place of the former one, so it carries what is there.</summary>
    private static string Trust(List<ControllerPreset> missing, Installed installed)
    {
        var presets = new JsonArray([.. installed.Presets.Concat(missing.Select(p => p.Name)).Distinct().Select(n => JsonValue.Create(n))]);
        var needed = missing.Select(p => p.Needs).OfType<CustomKind>().Except(installed.Options.CustomKinds).ToList();
        var kinds = needed.Count == 0 ? ""
            : $" --set-json 'workloadKinds={new JsonArray([.. installed.Options.CustomKinds.Concat(needed).Select(InValues)]).ToJsonString()}'";
        return $"Add it to the chart's presets: helm upgrade {installed.Name} CHART -n {installed.Options.Namespace} --reuse-values"
            + $" --set-json 'trustedControllerPresets={presets.ToJsonString()}'{kinds}. See {Docs}#{missing[0].Name}";
    }

    private static JsonNode InValues(CustomKind kind) => new JsonObject
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
