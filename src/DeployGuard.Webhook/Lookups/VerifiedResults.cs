using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.Lookups;
using DeployGuard.Statements;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// What was verified of a lookup's result, by key set: what one set of keys verified is never taken for verified by another. It lives as
/// long as the result, whose cache is bounded, forgets negative answers within seconds, and keeps no failure.
/// </summary>
internal sealed class VerifiedResults
{
    private readonly ConditionalWeakTable<LookupResult, ConcurrentDictionary<string, Lazy<Verification>>> _verified = [];

    public Verification Of(LookupResult result, KeySet keys) =>
        _verified
            .GetValue(result, static _ => new ConcurrentDictionary<string, Lazy<Verification>>(StringComparer.Ordinal))
            .GetOrAdd(keys.Id, _ => new Lazy<Verification>(() => FoundStatements.Verify(result, keys)))
            .Value;
}
