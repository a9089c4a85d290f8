using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// What was verified of a lookup's result, by key set: what one set of keys verified is never taken for verified by another. It lives as
/// long as the result, whose cache is bounded, forgets negative answers within seconds, and keeps no failure.
/// </summary>
internal sealed class VerifiedResults
{
    private readonly ConditionalWeakTable<LookupResult, ConcurrentDictionary<string, Lazy<Verification>>> _verified = [];

    public Verification Of(LookupResult result, KeySet keys) =>
        result is StatementsFound found
            ? _verified
                .GetValue(result, static _ => new ConcurrentDictionary<string, Lazy<Verification>>(StringComparer.Ordinal))
                .GetOrAdd(keys.Id, _ => new Lazy<Verification>(() => Verify(found, keys)))
                .Value
            : Verification.Nothing;

    private static Verification Verify(StatementsFound found, KeySet keys) =>
        AttestationVerifier.Verify(
            found.Statements.Select(s => FoundAttestation.Of(s.Place, s.MediaType, s.Content, s.Annotations)).OfType<FoundAttestation>(),
            keys
        );
}
