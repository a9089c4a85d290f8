namespace DeployGuard.Core.Changes;

/// <summary>
/// What a revision still waits for. Votes count as they are now; what else was refused is known only from the last request.
/// </summary>
/// <param name="Approvers">The people whose approval counts.</param>
/// <param name="Approvals">The parts of a quorum that are not filled: <c>senior-engineers 0/1</c>.</param>
/// <param name="Rejections">The vetoes that count.</param>
/// <param name="Others">Codes of the findings for which the last request was refused, besides missing approvals and vetoes.</param>
public sealed record OpenRequirements(
    IReadOnlyList<string> Approvers,
    IReadOnlyList<string> Approvals,
    IReadOnlyList<Rejection> Rejections,
    IReadOnlyList<string> Others
)
{
    /// <summary>
    /// How <see cref="Missing"/> begins if a retry passes; then come the requesters for whom it passes. It is not empty: the Change is
    /// still open.
    /// </summary>
    public const string Retry = "nothing: retry";

    private const string RetryBy = $"{Retry} by ";
    private const int MaxNamed = 3;

    /// <summary>What <see cref="Missing"/> of a Change says that a break-glass admitted.</summary>
    public const string Review = "break-glass review";

    /// <summary>The same, while a revision that its reviewer rejected runs.</summary>
    public static string RejectedReview(string by) => $"{Review}: rejected by {by}, still running";

    /// <summary>Whether a column MISSING says that a review is missing.</summary>
    public static bool IsReview(string missing) => missing.StartsWith(Review, StringComparison.Ordinal);

    /// <summary>Codes of the findings that votes decide. They are counted, not remembered.</summary>
    public const string MissingCode = "ApprovalMissing";

    private const string UnavailableCode = "OriginUnavailable";
    private const string StatementCodes = "Statement";

    /// <inheritdoc cref="MissingCode"/>
    public const string RejectedCode = "ApprovalRejected";

    /// <summary>Reason of the condition Approved where signed reviews alone fill the quorum.</summary>
    private const string SignedReviewCode = "SignedReview";

    /// <summary>
    /// Whether a finding only says why signed evidence does not stand in for an approval, or that it could not be looked up: an approval
    /// resolves it, or the same request later.
    /// </summary>
    public static bool IsOfEvidence(string code) => code == UnavailableCode || code.StartsWith(StatementCodes, StringComparison.Ordinal);

    /// <summary>
    /// The requesters of whom the same request would pass. Of others it may not: a machine may need more approvals, and the approval of an
    /// approver who requests it does not count any more.
    /// </summary>
    public IReadOnlyList<string> MayRetry { get; init; } = [];

    /// <summary>What stands in for an approval, beside the approvals that there are; nothing if nothing does.</summary>
    public IReadOnlyList<string> Basis { get; init; } = [];

    /// <summary>Signed reviews, or summaries of reviews, fill seats of a quorum.</summary>
    public bool HasSignedReview { get; init; }

    /// <summary>Enough people approved under every policy, and nobody rejected it.</summary>
    public bool IsApproved => Approvals.Count == 0 && Rejections.Count == 0;

    /// <summary>Whether the same request would pass now, as far as the record tells.</summary>
    public bool IsAdmissible => IsApproved && Others.Count == 0;

    /// <summary>In short, for a column of a table.</summary>
    public string Missing =>
        IsAdmissible
            ? (MayRetry.Count > 0 ? RetryBy + Retriers : Retry)
            : string.Join("; ", Approvals.Concat(Rejections.Select(r => $"rejected by {r.By}")).Concat(Others).Distinct());

    /// <summary>Reason and message of the condition Approved.</summary>
    public (string Reason, string Message) ApprovedBecause =>
        Rejections is [var rejection, ..] ? (RejectedCode, rejection.ToString())
        : Approvals.Count > 0 ? (MissingCode, string.Join("; ", Approvals))
        : Approvers.Count > 0 ? ("Approved", string.Join("; ", [$"approved by {string.Join(", ", Approvers)}", .. Basis]))
        : HasSignedReview ? (SignedReviewCode, string.Join("; ", Basis))
        : ("NotRequired", Basis.Count > 0 ? string.Join("; ", Basis) : "no policy that enforces requires an approval");

    /// <summary>Reason and message of the condition Admissible.</summary>
    public (string Reason, string Message) AdmissibleBecause =>
        IsAdmissible
            ? ("NothingMissing", $"the same request passes if {(MayRetry.Count > 0 ? $"{Retriers} sends it" : "it is sent")} again")
            : (IsApproved ? Others[0] : ApprovedBecause.Reason, $"missing: {Missing}");

    private string Retriers =>
        string.Join(", ", MayRetry.Take(MaxNamed)) + (MayRetry.Count > MaxNamed ? $" or {MayRetry.Count - MaxNamed} more" : "");

    /// <summary>Whether a column MISSING says that a retry passes.</summary>
    public static bool IsRetry(string missing) => missing == Retry || RetriersIn(missing) is not null;

    /// <summary>Who can retry according to a column MISSING; null if it does not say.</summary>
    public static string? RetriersIn(string missing) =>
        missing.StartsWith(RetryBy, StringComparison.Ordinal) ? missing[RetryBy.Length..] : null;

    public static OpenRequirements Of(IReadOnlyList<PolicyTally> tallies, IEnumerable<RecordedDenial> denials) =>
        new(
            [.. tallies.SelectMany(t => t.Votes.Voters).Distinct()],
            [.. tallies.Where(t => !t.IsComplete).Select(t => t.Votes.Missing).Distinct()],
            [.. tallies.SelectMany(t => t.Votes.Vetoes).Select(v => new Rejection(v.Approver.Username, v.Reason)).Distinct()],
            [.. denials.Select(d => d.Reason).Where(r => r is not (MissingCode or RejectedCode) && !IsOfEvidence(r)).Distinct()]
        )
        {
            Basis = [.. tallies.SelectMany(t => t.SignedBasis).Distinct()],
            HasSignedReview = tallies.Any(t => t.IsRequired && t.Votes.SignedBasis.Any()),
        };
}

/// <summary>A veto.</summary>
/// <param name="By">User name.</param>
public sealed record Rejection(string By, string Reason)
{
    public override string ToString() => $"{By} rejected it{(Reason.Length > 0 ? $": {Reason}" : "")}";
}
