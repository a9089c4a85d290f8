using System.Buffers;
using System.Text.Json;

namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>An in-toto statement: a predicate about subjects. Subjects match only by digest: a name is no evidence.</summary>
public sealed record Statement(IReadOnlyList<StatementSubject> Subjects, string PredicateType, JsonElement Predicate)
{
    public const string PayloadType = "application/vnd.in-toto+json";

    private const string Type = "https://in-toto.io/Statement/v1";

    /// <summary>Older tools still write it.</summary>
    private const string FormerType = "https://in-toto.io/Statement/v0.1";

    private const int MaxSubjects = 1024;

    /// <param name="payload">Bytes that were verified.</param>
    /// <exception cref="AttestationException">They are no statement.</exception>
    public static Statement Read(ReadOnlyMemory<byte> payload)
    {
        var root = StrictJson.ReadObject(payload, Envelope.MaxPayload, "payload");
        var type = StrictJson.Text(root, "_type", "");
        if (type is not (Type or FormerType))
        {
            throw new AttestationException($"_type: \"{type}\" is neither {Type} nor {FormerType}");
        }

        return new Statement(
            [.. StrictJson.Objects(root, "subject", MaxSubjects).Select(s => ReadSubject(s.Item, s.Path))],
            StrictJson.Text(root, "predicateType", ""),
            root.TryGetProperty("predicate", out var predicate) ? predicate : default
        );
    }

    /// <summary>The subject with a digest; null if the statement is not about it.</summary>
    /// <param name="sha256">64 lower-case hex digits.</param>
    public StatementSubject? Find(string sha256) => Subjects.FirstOrDefault(s => s.Sha256 == sha256);

    /// <summary>The bytes to sign.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("_type", Type);
            json.WriteStartArray("subject");
            foreach (var subject in Subjects)
            {
                json.WriteStartObject();
                json.WriteString("name", subject.Name);
                json.WriteStartObject("digest");
                json.WriteString("sha256", subject.Sha256);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("predicateType", PredicateType);
            json.WritePropertyName("predicate");
            Predicate.WriteTo(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static StatementSubject ReadSubject(JsonElement subject, string path)
    {
        if (!subject.TryGetProperty("digest", out var digest) || digest.ValueKind is not JsonValueKind.Object)
        {
            throw new AttestationException($"{path}digest: is missing, or not an object");
        }

        var name = StrictJson.TextOrNull(subject, "name", path) ?? "";
        // Subjects with other digests only, such as gitCommit, can never match an image.
        var sha256 = digest.TryGetProperty("sha256", out _) ? StrictJson.Text(digest, "sha256", $"{path}digest.") : null;
        return sha256 is null || (sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower))
            ? new StatementSubject(name, sha256)
            : throw new AttestationException($"{path}digest.sha256: is not 64 lower-case hex digits");
    }
}

/// <param name="Name">For display only.</param>
/// <param name="Sha256">64 lower-case hex digits; null where the subject has a digest of another kind only.</param>
public sealed record StatementSubject(string Name, string? Sha256);
