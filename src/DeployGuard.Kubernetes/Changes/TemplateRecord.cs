using System.Text.Json;
using DeployGuard.Core.Comparison;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>A ChangeTemplate as people are shown it.</summary>
/// <param name="Hash">Of the revision that was asked for.</param>
/// <param name="LegacyHash">What version 0.2 named it by; empty where it did not.</param>
/// <param name="Bytes">How large its template is, whether it is on record or not.</param>
/// <param name="After">Null where it is too large to be kept, or is not what its hash stands for.</param>
/// <param name="TooLarge">It was not kept.</param>
/// <param name="Before">What it replaces; null where nothing was there, or it is not known.</param>
/// <param name="BeforeIsUnknown">Something was there before, and is not on record.</param>
/// <param name="LeftOutIsWhole">All that the hash leaves out is on record as well.</param>
public sealed record TemplateRecord(
    string Hash, string LegacyHash, long Bytes, RecordedTemplate? After, bool TooLarge, RecordedTemplate? Before, bool BeforeIsUnknown, bool LeftOutIsWhole, DateTimeOffset At)
{
    /// <summary>Whether it is of the revision of a Change, whichever version of the hash that is under.</summary>
    public bool IsOf(string templateHash) => templateHash == Hash || (templateHash.Length > 0 && templateHash == LegacyHash);

    /// <summary>Null for an object that DeployGuard cannot have written.</summary>
    public static TemplateRecord? ReadOrNull(JsonElement item)
    {
        if (Member(item, "spec") is not { } spec || Member(spec, "after") is not { } after || Member(after, "templateHash") is not { ValueKind: JsonValueKind.String } hash)
        {
            return null;
        }

        var before = PackedTemplate.ReadOrNull(Member(spec, "before"));
        return new TemplateRecord(
            hash.GetString() ?? "",
            Member(after, "legacyHash") is { ValueKind: JsonValueKind.String } legacy ? legacy.GetString() ?? "" : "",
            Member(after, "bytes") is { ValueKind: JsonValueKind.Number } bytes && bytes.TryGetInt64(out var size) ? size : 0,
            PackedTemplate.ReadOrNull(after),
            IsTrue(after, "tooLarge"),
            before,
            before is null && (IsTrue(spec, "beforeIsUnknown") || Member(spec, "before") is not null),
            !IsTrue(after, "leftOutTooLarge") && !(Member(spec, "before") is { } was && IsTrue(was, "leftOutTooLarge")),
            Member(spec, "at") is { ValueKind: JsonValueKind.String } at && at.TryGetDateTimeOffset(out var time) ? time : default);
    }

    private static JsonElement? Member(JsonElement owner, string name) => owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? value : null;

    private static bool IsTrue(JsonElement owner, string name) => Member(owner, name) is { ValueKind: JsonValueKind.True };
}
