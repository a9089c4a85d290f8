using System.Runtime.InteropServices;
using System.Text.Json;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// How deep objects are nested. API servers store far deeper ones than any pod template: the data of a ControllerRevision has no schema.
/// One of them, which any user of a namespace can write, must not end the list or the watch of all others.
/// </summary>
internal static class ObjectDepth
{
    /// <summary>Of an object that is read, as in a review. What reads objects calls itself for each level.</summary>
    private const int Read = 200;

    /// <summary>More than the 10,000 levels up to which API servers read JSON, and those of a list or an event around it.</summary>
    public const int Parsed = 10_100;

    public static JsonDocumentOptions ParseOptions { get; } = new() { MaxDepth = Parsed };

    public static bool IsReadable(JsonElement item)
    {
        var json = JsonMarshal.GetRawUtf8Value(item);
        return json.Count((byte)'{') + json.Count((byte)'[') <= Read || DepthOf(json) <= Read;
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
