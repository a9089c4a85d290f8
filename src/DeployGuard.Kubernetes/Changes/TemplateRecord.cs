using System.Text.Json;
using DeployGuard.Core.Comparison;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>A ChangeTemplate, to be shown to approvers.</summary>
/// <param name="Hash">Of the requested revision.</param>
/// <param name="LegacyHash">Its hash in version 0.2; empty if it has none.</param>
/// <param name="Bytes">The size of its template, whether it is stored or not.</param>
/// <param name="After">Null if it is too large to store, or does not have the given hash.</param>
/// <param name="TooLarge">It was not stored.</param>
/// <param name="Before">The template that it replaces; null if there was none, or it is not known.</param>
/// <param name="BeforeIsUnknown">There was one before, and it is not stored.</param>
/// <param name="LeftOutIsWhole">All fields that the hash leaves out are stored as well.</param>
public sealed record TemplateRecord(
    string Hash,
    string LegacyHash,
    long Bytes,
    RecordedTemplate? After,
    bool TooLarge,
    RecordedTemplate? Before,
    bool BeforeIsUnknown,
    bool LeftOutIsWhole,
    DateTimeOffset At
)
{
    /// <summary>Whether it is of the revision with a given hash, in either version.</summary>
    public bool IsOf(string templateHash) => templateHash == Hash || (templateHash.Length > 0 && templateHash == LegacyHash);

    /// <summary>Null for an object that DeployGuard did not write.</summary>
    public static TemplateRecord? ReadOrNull(JsonElement item)
    {
        if (item.Member("spec") is not { } spec || spec.Member("after") is not { } after || after.Text("templateHash") is not { } hash)
        {
            return null;
        }

        var before = PackedTemplate.ReadOrNull(spec.Member("before"));
        return new TemplateRecord(
            hash,
            after.Text("legacyHash") ?? "",
            after.Number("bytes") ?? 0,
            PackedTemplate.ReadOrNull(after),
            after.IsTrue("tooLarge"),
            before,
            before is null && (spec.IsTrue("beforeIsUnknown") || spec.Member("before") is not null),
            !after.IsTrue("leftOutTooLarge") && !(spec.Member("before") is { } was && was.IsTrue("leftOutTooLarge")),
            spec.Time("at") ?? default
        );
    }
}
