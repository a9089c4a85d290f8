using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Statements;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// The signed statements that a request brings along in annotations, a further place beside those of the registry: verified like all
/// others, and worth no less, because nobody but the signer can write them.
/// </summary>
internal sealed class BroughtStatements
{
    private readonly Verification _verified;
    private readonly HashSet<string> _asked;

    /// <param name="images">All images of the request that are asked about.</param>
    public BroughtStatements(EvaluatedRequest evaluated, KeySet keys, IEnumerable<string> images)
    {
        var found = keys.Keys.Count == 0 ? [] : SignedQuestions.StatementsIn(evaluated);
        _verified =
            found.Count == 0
                ? Verification.Nothing
                : AttestationVerifier.Verify(found.Select(s => FoundAttestation.OfAnnotation(s.Place, s.Statement)), keys);
        _asked = found.Count == 0 ? [] : [.. images.Select(i => ImageReference.TryParse(i)?.Digest?.Hex).OfType<string>()];
    }

    public bool AreNone => _verified.Statements.Count + _verified.Findings.Count == 0;

    /// <summary>What is wrong with them, where that is all there is to say: none is signed by a trusted key. Else null.</summary>
    public IReadOnlyList<StatementFinding>? FaultsAlone =>
        _verified.Statements.Count == 0 && _verified.Findings.All(f => f.Kind is not FindingKind.Unread) ? _verified.Findings : null;

    /// <summary>
    /// Those that one image must answer for, and those about another image of the same request: they may be links of the chain, and it is
    /// no mistake that they are about something else.
    /// </summary>
    public (Verification Verified, IReadOnlyList<VerifiedStatement> Others) For(JudgedImage image)
    {
        if (_asked.Count < 2)
        {
            return (_verified, []);
        }

        var own = image
            .Platforms.Select(p => p.Digest)
            .Append(image.Digest)
            .Select(d => d.Split(':')[^1])
            .ToHashSet(StringComparer.Ordinal);
        var others = _verified.Statements.Where(s => IsAboutOthers(s, own)).ToList();
        return (_verified with { Statements = [.. _verified.Statements.Except(others)] }, others);
    }

    /// <summary>What the requester should know; empty if the request itself brings statements where the registry has none.</summary>
    public string NoteOf(LookupResult result, SafeguardPolicy policy, IReadOnlyList<RunningImage> running) =>
        result is NoStatement { Refused.Count: 0 } && !AreNone ? "" : FoundText.NoteOf(result, policy, running);

    private bool IsAboutOthers(VerifiedStatement statement, HashSet<string> own)
    {
        var subjects = statement.Subjects.Select(s => s.Sha256).OfType<string>().ToList();
        return !subjects.Exists(own.Contains) && subjects.Exists(_asked.Contains);
    }
}
