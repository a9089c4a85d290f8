using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>An in-toto statement: a predicate about subjects. Subjects match only by digest: a name is no evidence.</summary>
public sealed record Statement(IReadOnlyList<StatementSubject> Subjects, string PredicateType, JsonElement Predicate)
{
    public const string PayloadType = "application/vnd.in-toto+json";

    private const string Type = "https://in-toto.io/Statement/v1";

    /// <summary>cosign writes it to this day.</summary>
    private const string FormerType = "https://in-toto.io/Statement/v0.1";

    private const int MaxSubjects = 1024;

    /// <param name="payload">Bytes that were verified.</param>
    /// <exception cref="AttestationException">They are no statement.</exception>
    public static Statement Parse(ReadOnlyMemory<byte> payload)
    {
        var root = StrictJson.ReadObject(payload, Dsse.MaxPayload, "payload");
        var type = StrictJson.Text(root, "_type", "");
        if (type is not (Type or FormerType))
        {
            throw new AttestationException($"_type: \"{type}\" is neither {Type} nor {FormerType}");
        }

        return new Statement(
            [.. StrictJson.Objects(root, "subject", MaxSubjects).Select(s => StatementSubject.Parse(s.Item, s.Path))],
            StrictJson.Text(root, "predicateType", ""),
            root.TryGetProperty("predicate", out var predicate) ? predicate : default
        );
    }

    /// <summary>The subject with a digest; null if the statement is not about it.</summary>
    /// <param name="sha256">64 lower-case hex digits.</param>
    public StatementSubject? Find(string sha256) => Subjects.FirstOrDefault(s => s.Sha256 == sha256);

    /// <summary>The bytes to sign.</summary>
    public byte[] ToJson() => StrictJson.Write(WriteTo);

    private void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("_type", Type);
        json.WriteStartArray("subject");
        foreach (var subject in Subjects)
        {
            subject.WriteTo(json);
        }

        json.WriteEndArray();
        json.WriteString("predicateType", PredicateType);
        json.WritePropertyName("predicate");
        Predicate.WriteTo(json);
        json.WriteEndObject();
    }
}
