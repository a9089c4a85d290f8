using System.Buffers;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Comparison;

/// <summary>The hashed parts as one object: <c>{metadata, spec, volumeClaimTemplates}</c>.</summary>
internal static class CanonicalDocument
{
    /// <param name="claims">Empty if there are none.</param>
    public static JsonDocument Of(ReadOnlyMemory<byte> template, ReadOnlyMemory<byte> claims)
    {
        if (claims.IsEmpty)
        {
            return JsonDocument.Parse(template, CanonicalJson.ParseOptions);
        }

        using var parsed = JsonDocument.Parse(template, CanonicalJson.ParseOptions);
        var buffer = new ArrayBufferWriter<byte>(template.Length + claims.Length + 64);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in parsed.RootElement.EnumerateObject())
            {
                member.WriteTo(writer);
            }

            writer.WritePropertyName("volumeClaimTemplates");
            writer.WriteRawValue(claims.Span);
            writer.WriteEndObject();
        }

        return JsonDocument.Parse(buffer.WrittenMemory, CanonicalJson.ParseOptions);
    }
}
