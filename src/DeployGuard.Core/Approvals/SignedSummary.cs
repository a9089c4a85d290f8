namespace DeployGuard.Core.Approvals;

/// <summary>
/// Verification summaries by which two people agreed to every change since what runs, for all new images of a revision. They name neither
/// of the two. Present only where the policy counts them as a review.
/// </summary>
/// <param name="At">When the oldest of the changes was verified.</param>
/// <param name="Statements">Digests of the summaries.</param>
/// <param name="Keys">Names of the keys that signed them.</param>
public sealed record SignedSummary(DateTimeOffset At, IReadOnlyList<string> Statements, IReadOnlyList<string> Keys)
{
    /// <summary>Whose keys these are: <c>verifier.id</c> of the summaries.</summary>
    public IReadOnlyList<string> Verifiers { get; init; } = [];

    /// <inheritdoc cref="SignedReview.Counts"/>
    public string Counts { get; init; } = "";

    /// <summary>For messages and records.</summary>
    public override string ToString() => $"two people in the forge (verification summary, {SignedReview.Proof(Keys, Statements)})";
}
