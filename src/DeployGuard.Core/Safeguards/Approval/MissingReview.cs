using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Safeguards;

/// <summary>Why nobody reviewed all of a change whose statements lead without a gap from what runs.</summary>
internal static class MissingReview
{
    private const string Remedy = "Have the pull request reviewed by a human who did not write it, then attest again with --approvals";

    /// <returns>Empty if a review may count, or if there is no image.</returns>
    public static string Of(IReadOnlyList<ImageProvenance> proven) =>
        proven.FirstOrDefault(p => p.Reviews.Count == 0) is { } bare ? In(bare)
        : proven.Count > 1 && !SharesAPerson(proven) ? $"nobody reviewed every new image. {Remedy}"
        : "";

    private static string In(ImageProvenance bare) =>
        bare.Findings.FirstOrDefault(f => f.Kind is FindingKind.ReviewNotCounted) is { } why
            ? $"no review counts: {why.Text}. {why.Remedy.TrimEnd('.')}"
        // Somebody reviewed it, and said so in a statement that does not count: to review it again would not help. The reviews of another
        // change do not matter: the annotation of an earlier one stays on the workload.
        : bare.Findings.FirstOrDefault(f => bare.Chain.Any(l => l.HeadCommit == f.ReviewedCommit)) is { } unheard
            ? $"no review counts. See what {StatementFindings.ReasonOf(unheard.Kind).Code} says of the statement below"
        : bare.Chain.Any(l => l.Reviews.Count > 0) ? $"nobody reviewed the whole change, but only parts of it. {Remedy}"
        : $"its change statement has no review. {Remedy}";

    private static bool SharesAPerson(IReadOnlyList<ImageProvenance> proven) =>
        proven[0].Reviews.Any(r => proven.All(p => p.Reviews.Any(o => ReviewCount.Persons.Equals(o.Person, r.Person))));
}
