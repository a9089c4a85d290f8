using System.Text.Json;
using DeployGuard.Core.Workloads.Legacy;

namespace DeployGuard.Core.Workloads;

/// <summary>The JSON of a template, for values that are computed on first use.</summary>
/// <param name="template">The pod template, or a whole Pod. Its document must stay alive as long as this object is used.</param>
/// <param name="claims">The <c>volumeClaimTemplates</c> next to the template; null if its kind has none.</param>
internal sealed class TemplateSource(JsonElement template, TemplateHolder holder, JsonElement? claims, TemplateNoise noise)
{
    private static readonly string[] s_placementFields = ["nodeSelector", "affinity", "tolerations", "nodeName", "hostNetwork"];

    private CanonicalTemplate? _canonical;
    private string? _legacyHash;
    private string? _unboundHash;

    /// <summary>The state for serialization.</summary>
    public TemplateDocumentState State => new(template, claims, holder.Type.ApiGroup, holder.Type.Name, holder.Name, holder.Uid);

    public CanonicalTemplate Canonical => _canonical ??= CanonicalTemplate.Of(template, holder, claims, noise);

    public string LegacyHash => _legacyHash ??= LegacyTemplateHash.Of(template, holder.Type.IsItsOwnTemplate);

    public string UnboundHash => _unboundHash ??= IsBound ? CanonicalTemplate.HashOfUnbound(template, holder, noise) : Canonical.Hash;

    private bool IsBound =>
        holder.Type.IsItsOwnTemplate && template.TryGetProperty("spec", out var spec) && spec.TryGetProperty("nodeName", out _);

    public string Placement =>
        template.TryGetProperty("spec", out var spec)
            ? string.Join('\n', s_placementFields.Select(p => spec.TryGetProperty(p, out var value) ? value.GetRawText() : ""))
            : "";

    public IReadOnlyDictionary<string, string> RestartTimes(IReadOnlyDictionary<string, string> annotations) =>
        annotations.Keys.Any(noise.IsRestart) ? annotations.Where(a => noise.IsRestart(a.Key)).ToDictionary() : Maps.Empty;
}

/// <summary>The values of a template that are kept without its document.</summary>
internal sealed record TemplateFingerprint(
    string Hash,
    string LegacyHash,
    string UnboundHash,
    string ClaimsDigest,
    bool ReadsAnnotations,
    IReadOnlyDictionary<string, string> RestartTimes
);
