namespace DeployGuard.Core.Approvals;

/// <summary>
/// A human's review of all new images of a revision, and of everything that changed since what runs, in statements by keys of the role
/// SourceReview. The template differs in nothing but these images, or was reviewed too.
/// </summary>
/// <param name="Approver">As the statement names them.</param>
/// <param name="At">Of the oldest of their reviews.</param>
/// <param name="Statements">Digests of the statements.</param>
/// <param name="Keys">Names of the keys that signed them.</param>
public sealed record SignedReview(string Approver, DateTimeOffset At, IReadOnlyList<string> Statements, IReadOnlyList<string> Keys)
{
    private const int ShownDigits = 12;

    /// <summary>Who that is by <c>identities</c> of the policy; empty where nobody has counted it yet.</summary>
    public string Person { get; init; } = "";

    /// <summary>
    /// The line of the quorum whose seat it fills, such as <c>senior-engineers</c>, or why it fills none; empty where nobody has counted it
    /// yet.
    /// </summary>
    public string Counts { get; init; } = "";

    /// <summary>For messages and records.</summary>
    public override string ToString() => $"{Approver} (signed review, {Proof(Keys, Statements)})";

    /// <summary>The first statement is the one that says the time; the record has all of them.</summary>
    internal static string Proof(IReadOnlyList<string> keys, IReadOnlyList<string> statements) =>
        $"key {string.Join(", ", keys)}, statement {string.Concat((statements is [var first, ..] ? first : "").Take(ShownDigits))}"
        + (statements.Count > 1 ? $" and {statements.Count - 1} more" : "");
}
