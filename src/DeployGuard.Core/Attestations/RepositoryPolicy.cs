using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// What the owners of a repository promise of its commits, in a signed file of the repository. Without it, the absence of a sign of AI
/// proves nothing.
/// </summary>
/// <param name="Repository">Its address: the file of one repository says nothing in another.</param>
/// <param name="AssistedCommitsMustBeMarked">A commit in which AI had a part has a sign of it, so that one without a sign has none.</param>
/// <param name="HasNotes">Agents also mark commits by notes of git-ai, which a clone does not fetch by itself.</param>
/// <param name="ExpiresAt">An old file could otherwise be put back for ever.</param>
public sealed record RepositoryPolicy(string Repository, bool AssistedCommitsMustBeMarked, bool HasNotes, DateTimeOffset ExpiresAt)
{
    /// <summary>What the file must call itself, so that nothing else that the key signed is taken for it.</summary>
    public const string Kind = "https://deployguard.io/repository-policy/v1";

    private const int MaxBytes = 1 << 16;

    /// <param name="signature">Of exactly these bytes, in base64, as <c>cosign sign-blob</c> and openssl write it.</param>
    /// <param name="keys">Any of them may have signed.</param>
    /// <exception cref="AttestationException">None of the keys signed it, or it is not in this form.</exception>
    public static RepositoryPolicy Read(ReadOnlyMemory<byte> content, string signature, IReadOnlyList<PublicKey> keys)
    {
        var value = Base64Text.Decode(signature.Trim(), "its signature");
        if (!keys.Any(k => k.Verifies(content.Span, value)))
        {
            throw new AttestationException("is signed by none of the given keys, or was altered after it was signed");
        }

        var root = StrictJson.ReadObject(content, MaxBytes, "content");
        if (StrictJson.Text(root, "kind", "") is var kind and not Kind)
        {
            throw new AttestationException($"kind: \"{kind}\" is not {Kind}");
        }

        StrictJson.NoOthers(root, "", "kind", "repository", "assistedCommitsMustBeMarked", "notes", "expiresAt");
        var repository = StrictJson.Text(root, "repository", "");
        return new RepositoryPolicy(
            RepositoryUri.Parse(repository) is { Ref: null }
                ? repository
                : throw new AttestationException($"repository: \"{repository}\" is no address such as https://github.com/acme/checkout"),
            Flag(root, "assistedCommitsMustBeMarked"),
            root.TryGetProperty("notes", out _) && Flag(root, "notes"),
            StrictJson.TimeOrNull(root, "expiresAt", "") ?? throw new AttestationException("expiresAt: is missing")
        );
    }

    /// <summary>Whether it is about a repository.</summary>
    public bool IsOf(string repository) => RepositoryUri.Parse(repository)?.Address == RepositoryUri.Parse(Repository)?.Address;

    private static bool Flag(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw new AttestationException($"{name}: is missing, or neither true nor false");
}
