using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>A <see cref="PodTemplate"/> as it can be written down: what was read of it, and either its document or the hashes that were kept.</summary>
/// <param name="ReadsInjections">Its annotations were read by the installation's table of injectors.</param>
internal sealed record PodTemplateState(
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    IReadOnlyList<Container> Containers,
    IReadOnlyList<ImageUse> Images,
    string AnnotationsPath,
    bool ReadsInjections,
    TemplateFingerprint? Kept,
    TemplateDocumentState? Document);

/// <summary>The JSON that a template was read from, and the object that had it.</summary>
internal sealed record TemplateDocumentState(JsonElement Template, JsonElement? Claims, string ApiGroup, string Kind, string Name, string Uid);
