using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Replay;

/// <summary>
/// Writes an <see cref="EvaluationInput"/> as JSON, and reads it back to the same verdict. Templates are written with the document that
/// they were read from, so that everything computed from them later is the same. For replay and tests; the format is not stable.
/// </summary>
/// <param name="reader">With the settings of the installation that wrote the input: the same list of template noise and injectors.</param>
public sealed class EvaluationInputJson(WorkloadReader reader)
{
    private static readonly (Type Type, string Name)[] s_requests =
    [
        (typeof(WorkloadRequest), "workload"),
        (typeof(ScaleRequest), "scale"),
        (typeof(ServiceRequest), "service"),
        (typeof(EndpointsRequest), "endpoints"),
        (typeof(NamespaceRequest), "namespace"),
        (typeof(OpaqueRequest), "opaque"),
    ];

    private readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.Web)
    {
        // Computed properties are not written.
        IgnoreReadOnlyProperties = true,
        IncludeFields = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters =
        {
            new JsonStringEnumConverter(),
            new PodTemplateConverter(reader),
            new InjectionTableConverter(),
            new StringSetConverter(),
        },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { NameRequests } },
    };

    /// <returns>UTF-8.</returns>
    public byte[] Write(EvaluationInput input) => JsonSerializer.SerializeToUtf8Bytes(input, _options);

    /// <exception cref="JsonException">It is not what <see cref="Write"/> wrote.</exception>
    public EvaluationInput Read(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<EvaluationInput>(json, _options) ?? throw new JsonException("expected an object, found null");

    private static void NameRequests(JsonTypeInfo info)
    {
        if (info.Type == typeof(Request))
        {
            info.PolymorphismOptions = new JsonPolymorphismOptions { TypeDiscriminatorPropertyName = "type" };
            foreach (var (type, name) in s_requests)
            {
                info.PolymorphismOptions.DerivedTypes.Add(new JsonDerivedType(type, name));
            }
        }
    }

    private sealed class PodTemplateConverter(WorkloadReader reader) : JsonConverter<PodTemplate>
    {
        public override PodTemplate Read(ref Utf8JsonReader json, Type type, JsonSerializerOptions options) =>
            PodTemplate.Of(
                JsonSerializer.Deserialize<PodTemplateState>(ref json, options)
                    ?? throw new JsonException("expected a pod template, found null"),
                reader
            );

        public override void Write(Utf8JsonWriter writer, PodTemplate template, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, template.State, options);
    }

    private sealed class InjectionTableConverter : JsonConverter<InjectionTable>
    {
        public override InjectionTable Read(ref Utf8JsonReader json, Type type, JsonSerializerOptions options) =>
            new(JsonSerializer.Deserialize<List<InjectionAnnotation>>(ref json, options) ?? []);

        public override void Write(Utf8JsonWriter writer, InjectionTable table, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, table.All, options);
    }

    private sealed class StringSetConverter : JsonConverter<IReadOnlySet<string>>
    {
        public override IReadOnlySet<string> Read(ref Utf8JsonReader json, Type type, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<HashSet<string>>(ref json, options) ?? [];

        public override void Write(Utf8JsonWriter writer, IReadOnlySet<string> set, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, set.Order(StringComparer.Ordinal).ToList(), options);
    }
}
