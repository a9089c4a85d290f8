using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>SLSA provenance v1: from which commits a builder made an artifact. Nothing else in it is read.</summary>
public sealed record SlsaProvenance(IReadOnlyList<ResolvedCommit> Commits)
{
    public const string PredicateType = "https://slsa.dev/provenance/v1";

    private const int MaxDependencies = 10_000;

    /// <exception cref="AttestationException">It is no such predicate.</exception>
    public static SlsaProvenance Parse(JsonElement predicate)
    {
        if (predicate.ValueKind is not JsonValueKind.Object)
        {
            throw new AttestationException("predicate: is missing, or not an object");
        }

        const string Path = "predicate.buildDefinition.";
        var definition = StrictJson.Part(predicate, "buildDefinition", "predicate.");
        // Without dependencies it names no commit; the builder may say so by an empty list too.
        return
            definition.TryGetProperty("resolvedDependencies", out var list)
            && !(list.ValueKind is JsonValueKind.Array && list.GetArrayLength() == 0)
            ? new SlsaProvenance([
                .. StrictJson
                    .Objects(definition, "resolvedDependencies", MaxDependencies, Path)
                    .Select(d => CommitOf(d.Item, d.Path))
                    .OfType<ResolvedCommit>(),
            ])
            : new SlsaProvenance([]);
    }

    private static ResolvedCommit? CommitOf(JsonElement dependency, string path)
    {
        if (
            !dependency.TryGetProperty("digest", out var digest)
            || digest.ValueKind is not JsonValueKind.Object
            || !digest.TryGetProperty(StatementSubject.Commit, out _)
        )
        {
            return null;
        }

        var commit = StrictJson.Text(digest, StatementSubject.Commit, $"{path}digest.");
        return Hex.IsCommit(commit)
            ? new ResolvedCommit(StrictJson.TextOrNull(dependency, "uri", path) ?? "", commit)
            : throw new AttestationException($"{path}digest.{StatementSubject.Commit}: is not 40 or 64 lower-case hex digits");
    }
}

/// <param name="Uri">Such as <c>git+https://github.com/acme/checkout@refs/heads/main</c>.</param>
public sealed record ResolvedCommit(string Uri, string Commit);
