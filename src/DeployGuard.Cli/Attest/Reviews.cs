namespace DeployGuard.Cli.Attest;

/// <summary>Relates reviews to the change that is built: a review counts only for the commit that it was given to.</summary>
internal static class Reviews
{
    /// <summary>
    /// A review of another commit is one of the head if both have exactly the same files: a squash or merge of a branch that was up to date.
    /// </summary>
    /// <param name="notice">Gets a sentence for each review that will not count.</param>
    public static IReadOnlyList<Review> Of(
        GitRange range,
        Repository repository,
        IEnumerable<Review> given,
        IReadOnlyCollection<string> authors,
        Action<string> notice
    )
    {
        var files = repository.TreeOrNull(range.Head);
        var reviews = given.Select(r => r.Commit != range.Head && repository.TreeOrNull(r.Commit) == files ? r with { Commit = range.Head } : r).ToList();
        foreach (var review in reviews.Where(r => r.Commit != range.Head))
        {
            notice(
                $"the review of {review.Approver} will not count: it is of commit {review.Commit}, which does not have the same files as "
                    + $"{range.Head}, or is not in this clone"
            );
        }

        foreach (var review in reviews.Where(r => r is { State: "approved" } && authors.Contains(r.Approver)))
        {
            notice($"the review of {review.Approver} will not count: they are an author of the change");
        }

        return reviews;
    }
}
