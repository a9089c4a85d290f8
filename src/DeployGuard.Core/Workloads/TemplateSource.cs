using System.Runtime.InteropServices;
using System.Text.Json;
using DeployGuard.Core.Workloads.Legacy;

namespace DeployGuard.Core.Workloads;

/// <summary>The JSON of a template, for values that are computed on first use.</summary>
/// <param name="template">The pod template, or a whole Pod. Its document must stay alive as long as this object is used.</param>
/// <param name="claims">The <c>volumeClaimTemplates</c> next to the template; null if its kind has none.</param>
internal sealed class TemplateSource(JsonElement template, TemplateHolder holder, JsonElement? claims, TemplateNoise noise)
{
    private static readonly string[] s_placementFields = ["nodeSelector", "affinity", "tolerations", "nodeName", "hostNetwork"];

    private readonly JsonElement _template = template;
    private readonly JsonElement? _claims = claims;
    private readonly TemplateHolder _holder = holder;
    private readonly TemplateNoise _noise = noise;

    private CanonicalTemplate? _canonical;
    private string? _legacyHash;
    private string? _unboundHash;

    /// <summary>The state for serialization.</summary>
    public TemplateDocumentState State => new(_template, _claims, _holder.Type.ApiGroup, _holder.Type.Name, _holder.Name, _holder.Uid);

    /// <summary>
    /// Whether another template has the same bytes, in the same object. Then both have one hash, and it need not be known.
    /// </summary>
    public bool HasBytesOf(TemplateSource other) =>
        _holder == other._holder
        && ReferenceEquals(_noise, other._noise)
        && SameBytes(_template, other._template)
        && (_claims, other._claims) switch
        {
            (null, null) => true,
            ({ } one, { } two) => SameBytes(one, two),
            _ => false,
        };

    public bool ReadsAnnotations => _canonical?.ReadsAnnotations ?? DownwardReads.Of(_template).Annotations;

    /// <summary>See <see cref="CanonicalTemplate.HasLostText"/>. Most templates have no such text in any form.</summary>
    public bool HasLostText => MayHaveLostText && Canonical.HasLostText;

    private bool MayHaveLostText
    {
        get
        {
            var text = JsonMarshal.GetRawUtf8Value(_template);
            return text.IndexOf("\uFFFD"u8) >= 0 || text.IndexOf("\\u"u8) >= 0;
        }
    }

    public CanonicalTemplate Canonical => _canonical ??= CanonicalTemplate.Of(_template, _holder, _claims, _noise);

    public string LegacyHash => _legacyHash ??= LegacyTemplateHash.Of(_template, _holder.Type.IsItsOwnTemplate);

    public string UnboundHash => _unboundHash ??= IsBound ? CanonicalTemplate.HashOfUnbound(_template, _holder, _noise) : Canonical.Hash;

    private static bool SameBytes(JsonElement one, JsonElement two) =>
        JsonMarshal.GetRawUtf8Value(one).SequenceEqual(JsonMarshal.GetRawUtf8Value(two));

    private bool IsBound =>
        _holder.Type.IsItsOwnTemplate && _template.TryGetProperty("spec", out var spec) && spec.TryGetProperty("nodeName", out _);

    public string Placement =>
        _template.TryGetProperty("spec", out var spec)
            ? string.Join('\n', s_placementFields.Select(p => spec.TryGetProperty(p, out var value) ? value.GetRawText() : ""))
            : "";

    public IReadOnlyDictionary<string, string> RestartTimes(IReadOnlyDictionary<string, string> annotations) =>
        annotations.Keys.Any(_noise.IsRestart) ? annotations.Where(a => _noise.IsRestart(a.Key)).ToDictionary() : Maps.Empty;
}

/// <summary>The values of a template that are kept without its document.</summary>
internal sealed record TemplateFingerprint(
    string Hash,
    string LegacyHash,
    string UnboundHash,
    string ClaimsDigest,
    bool ReadsAnnotations,
    IReadOnlyDictionary<string, string> RestartTimes
)
{
    public TemplateFingerprint With(TextPool texts) =>
        new(
            texts.Same(Hash),
            texts.Same(LegacyHash),
            texts.Same(UnboundHash),
            texts.Same(ClaimsDigest),
            ReadsAnnotations,
            texts.Same(RestartTimes)
        );
}
