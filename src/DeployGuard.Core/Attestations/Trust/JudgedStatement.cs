namespace DeployGuard.Core.Attestations.Trust;

/// <summary>A verified statement, and whether it may be used here and now.</summary>
/// <param name="Signers">Those whose keys are valid now.</param>
/// <param name="Repository">The address of the repository that it is about, where it is about one.</param>
/// <param name="Commit">The commit that it is about.</param>
/// <param name="Rejection">Why it may not be used; null if it may.</param>
/// <param name="Note">What of it is ignored.</param>
internal sealed record JudgedStatement(
    VerifiedStatement Statement,
    IReadOnlyList<TrustedKey> Signers,
    string? Repository = null,
    string? Commit = null,
    StatementFinding? Rejection = null,
    StatementFinding? Note = null
)
{
    public bool IsUsable => Rejection is null;

    public ChangeStatement? Change => (Statement.Claim as ChangeClaim)?.Change;

    /// <summary>The keys that say it.</summary>
    public IReadOnlyList<string> Keys => [.. Signers.Select(s => s.Name)];

    /// <summary>The same keys, whatever they are named.</summary>
    public IReadOnlyList<string> KeyIds => [.. Signers.Select(s => s.Key.KeyId)];

    public int CountOf(KeyRole role) => Signers.Count(s => s.Role == role);

    /// <summary>Distinct keys of a role, whatever they are named, that signed any of these statements.</summary>
    public static int KeysOf(KeyRole role, IEnumerable<JudgedStatement> statements) =>
        statements.SelectMany(s => s.Signers).Where(s => s.Role == role).Select(s => s.Key.KeyId).Distinct(StringComparer.Ordinal).Count();

    public JudgedStatement Reject(FindingKind kind, string what, string remedy) =>
        this with
        {
            Rejection = StatementFinding.Of(Statement, kind, what, remedy),
        };
}
