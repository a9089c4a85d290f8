using System.Runtime.InteropServices;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Which metadata maps a pod reads through the downward API, by an environment variable or a volume item. One reference counts as a read of
/// the whole map, because a newer API server may accept forms that this version does not know.
/// </summary>
internal readonly record struct DownwardReads(bool Annotations, bool Labels)
{
    /// <param name="template">A pod template, or a Pod.</param>
    public static DownwardReads Of(JsonElement template) =>
        template.TryGetProperty("spec", out var spec) && MayRead(spec) ? In(spec) : default;

    /// <summary>Most templates read nothing, and this check spares them the walk. A field name may be written with escapes.</summary>
    private static bool MayRead(JsonElement spec)
    {
        var text = JsonMarshal.GetRawUtf8Value(spec);
        return text.IndexOf("fieldPath"u8) >= 0 || text.IndexOf("\\u"u8) >= 0;
    }

    private static DownwardReads In(JsonElement node) =>
        node.ValueKind switch
        {
            JsonValueKind.Object => node.EnumerateObject().Select(OfMember).Aggregate(default(DownwardReads), Or),
            JsonValueKind.Array => node.EnumerateArray().Select(In).Aggregate(default(DownwardReads), Or),
            _ => default,
        };

    private static DownwardReads OfMember(JsonProperty member) =>
        member.NameEquals("fieldPath"u8) && member.Value.ValueKind is JsonValueKind.String && member.Value.GetString() is { } path
            ? new DownwardReads(Contains(path, "annotations"), Contains(path, "labels"))
            : In(member.Value);

    private static bool Contains(string path, string map) => path.Contains(map, StringComparison.OrdinalIgnoreCase);

    private static DownwardReads Or(DownwardReads one, DownwardReads other) =>
        new(one.Annotations || other.Annotations, one.Labels || other.Labels);
}
