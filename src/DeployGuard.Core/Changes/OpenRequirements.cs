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
    /// <summary>What <see cref="Missing"/> says if a retry passes. It is not empty: the Change is still open.</summary>
    public const string Retry = "nothing: retry";

    /// <summary>What <see cref="Missing"/> of a Change says that a break-glass admitted.</summary>
    public const string Review = "break-glass review";

    /// <summary>Codes of the findings that votes decide. They are counted, not remembered.</summary>
    public const string MissingCode = "ApprovalMissing";

    /// <inheritdoc cref="MissingCode"/>
    public const string RejectedCode = "ApprovalRejected";

    /// <summary>Enough people approved under every policy, and nobody rejected it.</summary>
    public bool IsApproved => Approvals.Count == 0 && Rejections.Count == 0;

    /// <summary>Whether the same request would pass now, as far as the record tells.</summary>
    public bool IsAdmissible => IsApproved && Others.Count == 0;

    /// <summary>In short, for a column of a table.</summary>
    public string Missing =>
        IsAdmissible ? Retry : string.Join("; ", Approvals.Concat(Rejections.Select(r => $"rejected by {r.By}")).Concat(Others).Distinct());

    /// <summary>Reason and message of the condition Approved.</summary>
    public (string Reason, string Message) ApprovedBecause =>
        Rejections is [var rejection, ..] ? (RejectedCode, rejection.ToString())
        : Approvals.Count > 0 ? (MissingCode, string.Join("; ", Approvals))
        : Approvers.Count > 0 ? ("Approved", $"approved by {string.Join(", ", Approvers)}")
        : ("NotRequired", "no policy requires an approval");

    /// <summary>Reason and message of the condition Admissible.</summary>
    public (string Reason, string Message) AdmissibleBecause =>
        IsAdmissible
            ? ("NothingMissing", "the same request passes if it is sent again")
            : (IsApproved ? Others[0] : ApprovedBecause.Reason, $"missing: {Missing}");

    public static OpenRequirements Of(IReadOnlyList<PolicyTally> tallies, IEnumerable<RecordedDenial> denials) =>
        new(
            [.. tallies.SelectMany(t => t.Votes.Counted).Select(p => p.Username).Distinct()],
            [.. tallies.Where(t => !t.IsComplete).Select(t => t.Votes.Missing).Distinct()],
            [.. tallies.SelectMany(t => t.Votes.Vetoes).Select(v => new Rejection(v.Approver.Username, v.Reason)).Distinct()],
            [.. denials.Select(d => d.Reason).Where(r => r is not (MissingCode or RejectedCode)).Distinct()]
        );
}

/// <summary>A veto.</summary>
/// <param name="By">User name.</param>
public sealed record Rejection(string By, string Reason)
{
    public override string ToString() => $"{By} rejected it{(Reason.Length > 0 ? $": {Reason}" : "")}";
}
