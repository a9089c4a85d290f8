using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>The keys that a policy trusts. Several of one role at once let keys roll over.</summary>
public sealed class KeySet
{
    private KeySet(IReadOnlyList<TrustedKey> keys)
    {
        Keys = keys;
        Linking = keys.Where(k => k.Role is KeyRole.Build or KeyRole.SourceReview)
            .Select(k => k.Key.KeyId)
            .ToFrozenSet(StringComparer.Ordinal);
        Id = Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(keys.Select(Encoded).Order(StringComparer.Ordinal))))
        );
    }

    public IReadOnlyList<TrustedKey> Keys { get; }

    /// <summary>
    /// The keys that may say from which commit an image was built, each by what tells it from all others, whatever its name.
    /// </summary>
    public IReadOnlySet<string> Linking { get; }

    /// <summary>
    /// The same for equal sets in any order, and for no other: what was verified with one set is never taken for verified with another.
    /// Keep verified statements by the image's digest and this.
    /// </summary>
    public string Id { get; }

    /// <exception cref="AttestationException">The keys contradict each other; the message names all mistakes with their paths.</exception>
    public static KeySet Of(params IReadOnlyList<TrustedKey> keys)
    {
        var mistakes = keys.Index().SelectMany(k => Mistakes(k.Item, k.Index, keys)).ToList();
        return mistakes.Count == 0 ? new KeySet(keys) : throw new AttestationException(string.Join("; ", mistakes));
    }

    /// <summary>For messages: <c>build, review</c>.</summary>
    public string Names => Keys.Count == 0 ? "no keys" : string.Join(", ", Keys.Select(k => k.Name));

    private static IEnumerable<string> Mistakes(TrustedKey key, int index, IReadOnlyList<TrustedKey> all)
    {
        var path = $"keys[{index}].";
        var former = all.Take(index).ToList();
        if (key.Name.Length == 0)
        {
            yield return $"{path}name: is empty";
        }

        if (former.FindIndex(k => k.Name == key.Name) is >= 0 and var named)
        {
            yield return $"{path}name: is the name of keys[{named}] too";
        }

        // A key with two roles would sign its own approvals as a builder; under two names it could pass for two signers.
        if (former.FindIndex(k => k.Key.KeyId == key.Key.KeyId) is >= 0 and var same)
        {
            yield return $"{path}pem: is the same key as keys[{same}]; give each role a key of its own";
        }

        if ((key.Role is KeyRole.Vsa) != (key.VerifierId is { Length: > 0 }))
        {
            yield return key.Role is KeyRole.Vsa
                ? $"{path}verifierId: is missing; a key of the role Vsa signs for one verifier.id"
                : $"{path}verifierId: only a key of the role Vsa has one";
        }

        if (key.NotAfter <= key.NotBefore)
        {
            yield return $"{path}notAfter: is not after notBefore";
        }
    }

    /// <summary>Each field with its length, so that no two sets are encoded alike.</summary>
    private static string Encoded(TrustedKey key) =>
        string.Concat(
            ((string[])[key.Name, $"{key.Role}", key.Key.KeyId, key.VerifierId ?? "", Time(key.NotBefore), Time(key.NotAfter)]).Select(f =>
                $"{f.Length}:{f}"
            )
        );

    private static string Time(DateTimeOffset? time) => time?.UtcTicks.ToString(CultureInfo.InvariantCulture) ?? "";
}
