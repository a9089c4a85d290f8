using System.Security.Cryptography;
using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Verifies signatures, and only then reads what they sign. What none of the keys signed is never read: anybody may have written it. The
/// result depends on nothing but the attestations and the keys, so it can be kept.
/// </summary>
public static class AttestationVerifier
{
    private const string CosignSign = "https://sigstore.dev/cosign/sign/v1";

    public static Verification Verify(IEnumerable<FoundAttestation> found, KeySet keys)
    {
        List<VerifiedStatement> statements = [];
        List<StatementFinding> findings = [];
        var checks = new SignatureChecks(keys);
        foreach (var attestation in found)
        {
            try
            {
                var wasMet = checks.IsMet;
                statements.Add(VerifyOne(attestation, keys, checks));
                if (checks.IsMet && !wasMet)
                {
                    findings.Add(NotChecked(attestation).Finding);
                }
            }
            catch (RefusedException refused)
            {
                findings.Add(refused.Finding);
            }
            catch (AttestationException wrong)
            {
                findings.Add(
                    new StatementFinding(
                        FindingKind.Unreadable,
                        attestation.Place,
                        null,
                        $"cannot be read: {VisibleText.Inline(wrong.Message)}",
                        "Write it with deployguard attest or cosign attest, and a key."
                    )
                );
            }
        }

        return new Verification(Merge(statements), findings);
    }

    internal static IReadOnlyList<VerifiedStatement> Merge(IEnumerable<VerifiedStatement> statements) =>
        [.. statements.GroupBy(s => (s.Digest, s.Claim is SignatureClaim)).Select(Merged)];

    /// <summary>The same statement may lie in several places, signed by several keys.</summary>
    private static VerifiedStatement Merged(IEnumerable<VerifiedStatement> same)
    {
        var all = same.ToList();
        return all[0] with
        {
            Place = string.Join(" and ", all.Select(s => s.Place).Distinct()),
            Signers = [.. all.SelectMany(s => s.Signers).DistinctBy(k => k.Key.KeyId)],
        };
    }

    private static VerifiedStatement VerifyOne(FoundAttestation found, KeySet keys, SignatureChecks checks) =>
        found.Format switch
        {
            AttestationFormat.Dsse => OfEnvelope(found, DsseEnvelope.Parse(found.Content), keys, checks),
            AttestationFormat.Bundle => OfBundle(found, SigstoreBundle.Parse(found.Content), keys, checks),
            AttestationFormat.SimpleSigning => OfSimpleSigning(found, keys, checks),
            _ => throw new InvalidOperationException($"no format {found.Format}"),
        };

    private static VerifiedStatement OfBundle(FoundAttestation found, SigstoreBundle bundle, KeySet keys, SignatureChecks checks)
    {
        var statement = OfEnvelope(found, bundle.Envelope, keys, checks, bundle.Hint);
        return statement.Signers.Any(s => bundle.Names(s.Key))
            ? statement
            : throw Refused(
                found,
                FindingKind.Altered,
                $"names another key than {statement.SignerNames}, which signed it",
                "Attest the image again."
            );
    }

    private static VerifiedStatement OfEnvelope(
        FoundAttestation found,
        DsseEnvelope envelope,
        KeySet keys,
        SignatureChecks checks,
        string? hint = null
    )
    {
        var message = Dsse.Pae(envelope.PayloadType, envelope.Payload);
        var signers = checks.SignersOf(message, envelope.Signatures.Select(s => (s.Value, s.KeyId ?? hint))) ?? throw NotChecked(found);
        if (signers.Count == 0)
        {
            throw NotSigned(found, keys, [hint, .. envelope.Signatures.Select(s => s.KeyId)]);
        }

        var statement = StatementOf(found, envelope, signers);
        return new VerifiedStatement(
            found.Place,
            DigestOf(envelope.Payload),
            signers,
            statement.Subjects,
            ClaimOf(found, statement, signers)
        );
    }

    /// <summary>A mistake in it, also outside of the predicate, does not take away what its signer meant to deny.</summary>
    private static Statement StatementOf(FoundAttestation found, DsseEnvelope envelope, IReadOnlyList<TrustedKey> signers)
    {
        try
        {
            return envelope.PayloadType == Statement.PayloadType
                ? Statement.Parse(envelope.Payload)
                : throw new AttestationException($"payloadType: \"{envelope.PayloadType}\" is not {Statement.PayloadType}");
        }
        catch (AttestationException wrong) when (PredicateKinds.In(envelope.Payload).FirstOrDefault(k => MayDeny(k, signers)) is { } kind)
        {
            throw UnreadOf(found, kind, wrong.Message);
        }
    }

    /// <summary>A summary of a key that is no verifier's says nothing.</summary>
    private static bool MayDeny(string kind, IReadOnlyList<TrustedKey> signers) =>
        kind != PredicateKinds.Summary || signers.Any(s => s.Role is KeyRole.Vsa);

    private static VerifiedStatement OfSimpleSigning(FoundAttestation found, KeySet keys, SignatureChecks checks)
    {
        var signature = SimpleSigning.Decode(
            found.Signature ?? throw new AttestationException($"{SimpleSigning.SignatureAnnotation}: is missing")
        );
        var signers = checks.SignersOf(found.Content.ToArray(), [(signature, null)]) ?? throw NotChecked(found);
        if (signers.Count == 0)
        {
            throw NotSigned(found, keys, []);
        }

        var signed = SimpleSigning.Parse(found.Content);
        StatementSubject[] subjects = [StatementSubject.Of(signed.Reference, StatementSubject.ImageDigest, signed.Digest)];
        return new VerifiedStatement(found.Place, DigestOf(found.Content.Span), signers, subjects, new SignatureClaim());
    }

    private static Claim ClaimOf(FoundAttestation found, Statement statement, IReadOnlyList<TrustedKey> signers) =>
        statement.PredicateType switch
        {
            ChangeStatement.PredicateType => new ChangeClaim(
                Meant(found, PredicateKinds.Change, () => ChangeStatement.Parse(statement.Predicate))
            ),
            SlsaProvenance.PredicateType => new BuildClaim(SlsaProvenance.Parse(statement.Predicate)),
            SourceSummary.PredicateType => new SummaryClaim(
                MayDeny(PredicateKinds.Summary, signers)
                    ? Meant(found, PredicateKinds.Summary, () => SourceSummary.Parse(statement.Predicate))
                    : SourceSummary.Parse(statement.Predicate)
            ),
            CosignSign => new SignatureClaim(),
            var other when PredicateKinds.Of(other) is { } kind && MayDeny(kind, signers) => throw UnreadOf(
                found,
                kind,
                $"predicateType: {other} is another version than is read"
            ),
            var other => new OtherClaim(other),
        };

    /// <summary>A trusted signer means something by it: perhaps an AI, a dismissed review or a failure, perhaps in a newer form.</summary>
    private static T Meant<T>(FoundAttestation found, string kind, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (AttestationException wrong)
        {
            throw UnreadOf(found, kind, wrong.Message);
        }
    }

    private static RefusedException UnreadOf(FoundAttestation found, string kind, string why) =>
        Refused(
            found,
            FindingKind.Unread,
            $"is a {kind} by a trusted key that cannot be read ({VisibleText.Inline(why)}), and may deny what was read",
            "Have its signer issue it again in the form that this version reads, and delete this one from the registry."
        );

    private static RefusedException NotChecked(FoundAttestation found) =>
        new(
            StatementFinding.Unread(
                found.Place,
                $"has more signatures than are checked for one image ({SignatureChecks.Most} checks), and the others may say something else"
            )
        );

    /// <summary>A hint at a key only helps to say what is wrong.</summary>
    private static RefusedException NotSigned(FoundAttestation found, KeySet keys, IEnumerable<string?> hints)
    {
        var named = keys.Keys.FirstOrDefault(k => hints.Any(h => !string.IsNullOrEmpty(h) && SigstoreBundle.IsNamed(h, k.Key)));
        return named is null
            ? Refused(
                found,
                FindingKind.WrongKey,
                $"is signed by none of the trusted keys ({keys.Names}), or was altered after it was signed",
                "Sign it with one of these keys, or ask the platform team to add the signer's key to the policy."
            )
            : Refused(
                found,
                FindingKind.Altered,
                $"names {named.Name} as its key, and the signature does not fit: it was altered after it was signed",
                "Attest the image again, and find out who can write to the registry."
            );
    }

    private static RefusedException Refused(FoundAttestation found, FindingKind kind, string what, string remedy) =>
        new(new StatementFinding(kind, found.Place, null, what, remedy));

    private static string DigestOf(ReadOnlySpan<byte> signed) => Convert.ToHexStringLower(SHA256.HashData(signed));

    private sealed class RefusedException(StatementFinding finding) : Exception(finding.What)
    {
        public StatementFinding Finding => finding;
    }
}
