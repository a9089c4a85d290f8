using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Cryptography;

namespace DeployGuard.Statements;

/// <summary>The keys of a policy, from its text and from Secrets as they are now.</summary>
public sealed class TrustedKeySets(IOwnSecrets? secrets)
{
    private const int MaxParsed = 1000;
    private const string KeyRemedy = "Ask the platform team to correct origin.keys of the policy, or the Secret of the key";

    /// <summary>Of policies whose keys are all in their text: Secrets change.</summary>
    private readonly ConditionalWeakTable<SignedOrigin, KeySet> _fixed = [];

    private readonly MoreAlgorithms _more = new();
    private readonly ConcurrentDictionary<string, PublicKey> _parsed = new(StringComparer.Ordinal);

    /// <exception cref="UnavailableException">
    /// A key cannot be read. Without it, what it signed would be missing, and its signs of AI too.
    /// </exception>
    public KeySet Of(SignedOrigin origin) => origin.Keys.All(k => k.Pem is not null) ? _fixed.GetValue(origin, Assemble) : Assemble(origin);

    private KeySet Assemble(SignedOrigin origin)
    {
        try
        {
            return KeySet.Of([.. origin.Keys.Select(Read)]);
        }
        catch (AttestationException wrong)
        {
            throw new UnavailableException($"origin.{wrong.Message}", wrong) { Remedy = KeyRemedy };
        }
    }

    private TrustedKey Read(OriginKey key) =>
        new(key.Name, key.Role, Parse(key, key.Pem ?? TextOf(key)), key.VerifierId, key.NotBefore, key.NotAfter);

    private string TextOf(OriginKey key)
    {
        if (key.Secret is not { } named || secrets is null)
        {
            throw new UnavailableException($"the key {key.Name} is in a Secret, and no Secrets are read here") { Remedy = KeyRemedy };
        }

        return secrets.Find(named.Name, named.Key) is { } content
            ? Encoding.UTF8.GetString(content.Span)
            : throw new UnavailableException(
                $"the key {key.Name} is missing: DeployGuard's namespace has no Secret {named.Name} with the field {named.Key}"
            )
            {
                Remedy = $"Ask the platform team to create the Secret {named.Name} with the field {named.Key}",
            };
    }

    private PublicKey Parse(OriginKey key, string pem)
    {
        if (_parsed.TryGetValue(pem, out var known))
        {
            return known;
        }

        try
        {
            var parsed = PublicKey.Parse(pem, _more);
            if (_parsed.Count < MaxParsed)
            {
                _parsed.TryAdd(pem, parsed);
            }

            return parsed;
        }
        catch (AttestationException wrong)
        {
            throw new UnavailableException($"the key {key.Name} {wrong.Message}", wrong) { Remedy = KeyRemedy };
        }
    }
}
