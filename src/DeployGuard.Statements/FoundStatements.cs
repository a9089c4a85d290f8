using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Statements;

/// <summary>What a lookup found, verified.</summary>
public static class FoundStatements
{
    /// <summary>Nothing where no statement was found; but what was not read is told also there.</summary>
    public static Verification Verify(LookupResult result, KeySet keys)
    {
        var read = VerifyRead(result, keys);
        return read with
        {
            Findings =
            [
                .. read.Findings,
                .. result.Unread.Select(p =>
                    StatementFinding.Unread(p, "is more than is read of one image, and the rest may say something else")
                ),
            ],
        };
    }

    private static Verification VerifyRead(LookupResult result, KeySet keys) =>
        result is StatementsFound found
            ? AttestationVerifier.Verify(
                found
                    .Statements.Select(s => FoundAttestation.Of(s.Place, s.MediaType, s.Content, s.Annotations))
                    .OfType<FoundAttestation>(),
                keys
            )
            : new Verification([], []);
}
