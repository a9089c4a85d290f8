using System.Runtime.InteropServices;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Which maps of its metadata a pod reads, by an environment variable or a downwardAPI item. One subscript brings in the whole map:
/// which keys a name can reach is the API server's business, and another one than this version knows may reach more.
/// </summary>
internal readonly record struct DownwardReads(bool Annotations, bool Labels)
{
    /// <param name="template">A pod template, or a Pod.</param>
    public static DownwardReads Of(JsonElement template) =>
        template.TryGetProperty("spec", out var spec) && MayName(spec) ? In(spec) : default;

    /// <summary>Most templates read nothing; they are told without a walk. A name may be written with escapes.</summary>
    private static bool MayName(JsonElement spec)
    {
        var text = JsonMarshal.GetRawUtf8Value(spec);
        return text.IndexOf("fieldPath"u8) >= 0 || text.IndexOf("\\u"u8) >= 0;
    }

    private static DownwardReads In(JsonElement node) => node.ValueKind switch
    {
        JsonValueKind.Object => node.EnumerateObject().Select(OfMember).Aggregate(default(DownwardReads), Or),
        JsonValueKind.Array => node.EnumerateArray().Select(In).Aggregate(default(DownwardReads), Or),
        _ => default,
    };

    private static DownwardReads OfMember(JsonProperty member) =>
        member.NameEquals("fieldPath"u8) && member.Value.ValueKind is JsonValueKind.String && member.Value.GetString() is { } path
            ? new DownwardReads(Names(path, "annotations"), Names(path, "labels"))
            : In(member.Value);

    private static bool Names(string path, string map) => path.Contains(map, StringComparison.OrdinalIgnoreCase);

    private static DownwardReads Or(DownwardReads one, DownwardReads other) =>
        new(one.Annotations || other.Annotations, one.Labels || other.Labels);
}
