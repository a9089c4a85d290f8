using DeployGuard.Core.Attestations;

namespace DeployGuard.Cli.Attest;

/// <summary>Relates reviews to the change that is built: a review counts only for the commit that it was given to.</summary>
internal static class Reviews
{
    /// <summary>
    /// A review of another commit is one of the head if both have exactly the same files: a squash or merge of a branch that was up to date.
    /// </summary>
    /// <param name="notice">Gets a sentence for each approval that will not count.</param>
    public static IReadOnlyList<StatedApproval> Of(
        GitRange range,
        Repository repository,
        IEnumerable<StatedApproval> given,
        IReadOnlyCollection<string> authors,
        Action<string> notice
    )
    {
        var files = repository.TreeOrNull(range.Head);
        var reviews = given
            .Select(r => r.Commit != range.Head && repository.TreeOrNull(r.Commit) == files ? r with { Commit = range.Head } : r)
            .ToList();
        foreach (var review in reviews.Where(r => r.State is ReviewState.Approved))
        {
            if (WhyNot(review, range.Head, authors) is { } reason)
            {
                notice($"the approval of {review.Approver} will not count: {reason}");
            }
        }

        return reviews;
    }

    private static string? WhyNot(StatedApproval review, string head, IReadOnlyCollection<string> authors) =>
        review.Kind is not ApproverKind.Human ? "they are no human"
        : review.Commit != head ? $"it is of commit {review.Commit}, which does not have the same files as {head}, or is not in this clone"
        : authors.Contains(review.Approver) ? "they are an author of the change"
        : null;
}
