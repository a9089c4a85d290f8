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
                .. result is ImageNotFound ? (StatementFinding[])[NotThere(result)] : [],
                .. result.Unread.Select(p =>
                    StatementFinding.Unread(p.Name, $"was not read whole ({p.Why}), and the rest may say something else")
                ),
            ],
        };
    }

    /// <summary>What a request brings along must not count without what lies beside the image.</summary>
    private static StatementFinding NotThere(LookupResult result) =>
        new(
            FindingKind.Unread,
            $"{result.Image}",
            null,
            "is not known, because the registry has no such image; it may deny what the request brings along",
            "Push the image first, or correct its name, then retry after a few seconds."
        );

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
