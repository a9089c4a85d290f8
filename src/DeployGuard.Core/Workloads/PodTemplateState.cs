using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The serializable state of a <see cref="PodTemplate"/>: its parsed parts, and either its document or its hashes.</summary>
/// <param name="ReadsInjections">Its annotations were read by the installation's table of injectors.</param>
internal sealed record PodTemplateState(
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    IReadOnlyList<Container> Containers,
    IReadOnlyList<ImageUse> Images,
    string AnnotationsPath,
    bool ReadsInjections,
    TemplateFingerprint? Kept,
    TemplateDocumentState? Document
);

/// <summary>The JSON of a template, and the identity of the object that contains it.</summary>
internal sealed record TemplateDocumentState(
    JsonElement Template,
    JsonElement? Claims,
    string ApiGroup,
    string Kind,
    string Name,
    string Uid
);
