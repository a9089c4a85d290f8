using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Statements;

/// <summary>What a lookup found, verified.</summary>
public static class FoundStatements
{
    /// <summary>Nothing where no statement was found.</summary>
    public static Verification Verify(LookupResult result, KeySet keys) =>
        result is StatementsFound found
            ? AttestationVerifier.Verify(
                found
                    .Statements.Select(s => FoundAttestation.Of(s.Place, s.MediaType, s.Content, s.Annotations))
                    .OfType<FoundAttestation>(),
                keys
            )
            : new Verification([], []);
}
