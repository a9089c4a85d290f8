using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>What a statement is about.</summary>
/// <param name="Name">For display only.</param>
/// <param name="Digests">By algorithm: <see cref="ImageDigest"/>, <see cref="Commit"/>, <see cref="TemplateHash"/>, or others.</param>
public sealed record StatementSubject(string Name, IReadOnlyDictionary<string, string> Digests)
{
    /// <summary>Of an image or file; 64 lower-case hex digits.</summary>
    public const string ImageDigest = "sha256";

    /// <summary>Of a commit; 40 or 64 lower-case hex digits.</summary>
    public const string Commit = "gitCommit";

    /// <summary>The hash of a pod template, as DeployGuard shows it: <c>v2:</c> and hex digits.</summary>
    public const string TemplateHash = "templateHash";

    /// <summary>The refs that a Source VSA names beside a commit.</summary>
    public IReadOnlyList<string> SourceRefs { get; init; } = [];

    /// <summary>Null where the subject has a digest of another kind only: it can never match an image.</summary>
    public string? Sha256 => Digests.GetValueOrDefault(ImageDigest);

    /// <summary>In lower case, however it is written.</summary>
    public string? GitCommit => Digests.GetValueOrDefault(Commit)?.ToLowerInvariant();

    /// <summary>A subject with one digest.</summary>
    public static StatementSubject Of(string name, string algorithm, string digest) =>
        new(name, new Dictionary<string, string>(StringComparer.Ordinal) { [algorithm] = digest });

    internal static StatementSubject Parse(JsonElement subject, string path)
    {
        if (!subject.TryGetProperty("digest", out var digest) || digest.ValueKind is not JsonValueKind.Object)
        {
            throw new AttestationException($"{path}digest: is missing, or not an object");
        }

        var digests = digest
            .EnumerateObject()
            .ToDictionary(d => d.Name, d => StrictJson.Text(digest, d.Name, $"{path}digest."), StringComparer.Ordinal);
        return digests.GetValueOrDefault(ImageDigest) is not { } sha256 || Hex.IsSha256(sha256)
            ? new StatementSubject(StrictJson.TextOrNull(subject, "name", path) ?? "", digests) { SourceRefs = RefsOf(subject, path) }
            : throw new AttestationException($"{path}digest.{ImageDigest}: is not 64 lower-case hex digits");
    }

    /// <summary>Both names are in use.</summary>
    private static IReadOnlyList<string> RefsOf(JsonElement subject, string path) =>
        subject.TryGetProperty("annotations", out var annotations) && annotations.ValueKind is JsonValueKind.Object
            ? [.. ((string[])["sourceRefs", "source_refs"]).SelectMany(n => StrictJson.Texts(annotations, n, $"{path}annotations."))]
            : [];

    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", Name);
        json.WriteStartObject("digest");
        foreach (var (algorithm, digest) in Digests.OrderBy(d => d.Key, StringComparer.Ordinal))
        {
            json.WriteString(algorithm, digest);
        }

        json.WriteEndObject();
        if (SourceRefs.Count > 0)
        {
            json.WriteStartObject("annotations");
            json.WriteStartArray("sourceRefs");
            foreach (var name in SourceRefs)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
