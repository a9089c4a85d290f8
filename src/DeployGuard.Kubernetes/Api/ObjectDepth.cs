using System.Runtime.InteropServices;
using System.Text.Json;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// How deep objects are nested. API servers store deeper ones than any pod template: <c>managedFields</c> as any user of an object writes
/// them, and the data of a ControllerRevision. One such object must not end the list or the watch of all others.
/// </summary>
internal static class ObjectDepth
{
    /// <summary>Without <c>managedFields</c>, which nothing reads. What reads the rest calls itself for each level.</summary>
    private const int Readable = 200;

    /// <summary>More than the 10,000 levels up to which API servers read JSON, and those of a list or an event around it.</summary>
    public const int Parsed = 10_100;

    public static JsonDocumentOptions ParseOptions { get; } = new() { MaxDepth = Parsed };

    public static bool IsReadable(JsonElement obj) =>
        IsShallow(obj) || obj.ValueKind is not JsonValueKind.Object || obj.EnumerateObject().All(IsReadable);

    private static bool IsReadable(JsonProperty member) =>
        member.NameEquals("metadata"u8) && member.Value.ValueKind is JsonValueKind.Object
            ? member.Value.EnumerateObject().All(m => m.NameEquals("managedFields"u8) || IsShallow(m.Value))
            : IsShallow(member.Value);

    /// <summary>Most values have too few brackets to be deep, and are not walked through.</summary>
    private static bool IsShallow(JsonElement value)
    {
        var json = JsonMarshal.GetRawUtf8Value(value);
        return json.Count((byte)'{') + json.Count((byte)'[') <= Readable || DepthOf(json) <= Readable;
    }

    private static int DepthOf(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Parsed });
        var deepest = 0;
        while (reader.Read())
        {
            deepest = Math.Max(deepest, reader.CurrentDepth);
        }

        return deepest;
    }
}
