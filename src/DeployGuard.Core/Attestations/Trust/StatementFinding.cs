namespace DeployGuard.Core.Attestations.Trust;

/// <summary>Why a statement, or a part of it, was not believed.</summary>
public enum FindingKind
{
    /// <summary>It is of no form that is read here.</summary>
    Unreadable,

    /// <summary>It names a trusted key, and that key's signature does not fit.</summary>
    Altered,

    /// <summary>None of the trusted keys signed it.</summary>
    WrongKey,

    /// <summary>Its keys are not valid yet, or no more.</summary>
    KeyNotValidNow,

    /// <summary>Its key may not say this.</summary>
    WrongRole,

    /// <summary>A builder's approvals, or its word that there was no AI.</summary>
    BeyondRole,

    /// <summary>Another verifier's summary.</summary>
    WrongVerifier,

    /// <summary>It is about something else than images.</summary>
    WrongSubject,

    /// <summary>It is about another image.</summary>
    OtherImage,

    /// <summary>It is about a pod template, and of a commit that is not that of the image.</summary>
    OtherTemplate,

    WrongRepository,
    WrongRef,
    Expired,

    /// <summary>Its time of issue is in the future.</summary>
    NotYetIssued,

    /// <summary>Too few distinct keys signed it.</summary>
    BelowThreshold,

    /// <summary>Its writer did not see the whole range.</summary>
    Incomplete,

    /// <summary>It judges the last commits and not all since what runs.</summary>
    HeadCommitOnly,

    /// <summary>Statements lead back from it, but not to what runs.</summary>
    BrokenChain,

    /// <summary>The verifier did not pass the repository.</summary>
    VerificationFailed,

    /// <summary>An approval in it does not count.</summary>
    ReviewNotCounted,

    /// <summary>More lies there than is read or checked of one image, so that nothing that was read relaxes anything.</summary>
    Unread,
}

/// <param name="Place">Where the statement was found.</param>
/// <param name="Statement">SHA-256 of what was signed, in hex; null where no signature could be verified.</param>
/// <param name="What">A sentence whose subject is the statement.</param>
/// <param name="Remedy">A sentence that begins with a verb.</param>
public sealed record StatementFinding(FindingKind Kind, string Place, string? Statement, string What, string Remedy)
{
    private const int ShownDigits = 12;

    /// <summary>Names of the keys that signed it; empty where none of them is trusted.</summary>
    public string Keys { get; init; } = "";

    /// <summary>The head commit of the change that the statement, by a trusted key, has reviews of; null if it has none.</summary>
    public string? ReviewedCommit { get; init; }

    /// <summary>What is wrong, as a sentence without a full stop. Several statements may lie at one place.</summary>
    public string Text => $"{(Kind is FindingKind.Unread ? "what lies" : Named)} at {Place} {What}".TrimEnd('.');

    /// <summary>The statement itself, such as <c>the statement 0123456789ab by forge</c>.</summary>
    internal string Named =>
        "the statement"
        + (Statement is { Length: > ShownDigits } digest ? $" {digest[..ShownDigits]}" : "")
        + (Keys.Length > 0 ? $" by {Keys}" : "");

    /// <param name="what">A sentence whose subject is the place.</param>
    public static StatementFinding Unread(string place, string what) =>
        new(
            FindingKind.Unread,
            place,
            null,
            what,
            "Delete the superseded statements of this image from the registry, and what cannot be read there, then retry after a minute."
        );

    internal static StatementFinding Of(VerifiedStatement statement, FindingKind kind, string what, string remedy) =>
        new(kind, statement.Place, statement.Digest, what, remedy)
        {
            Keys = statement.SignerNames,
            ReviewedCommit = statement.Claim is ChangeClaim { Change: { Approvals.Count: > 0 } change } ? change.Source.HeadCommit : null,
        };
}
