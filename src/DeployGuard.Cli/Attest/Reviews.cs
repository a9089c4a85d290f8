using DeployGuard.Core.Attestations;

namespace DeployGuard.Cli.Attest;

/// <summary>Relates reviews to the change that is built: a review counts only for the commit that it was given to.</summary>
internal sealed class Reviews
{
    private readonly GitRange _range;
    private readonly IReadOnlyList<StatedApproval> _given;
    private readonly HashSet<string> _sameFiles;
    private readonly HashSet<string> _otherFiles;

    public Reviews(GitRange range, Repository repository, IReadOnlyList<StatedApproval> given)
    {
        (_range, _given) = (range, given);
        var files = repository.TreeOrNull(range.Head);
        var others = given.Select(r => r.Commit).Where(c => c != range.Head).Distinct().ToLookup(repository.TreeOrNull);
        _sameFiles = others[files].ToHashSet(StringComparer.Ordinal);
        _otherFiles = others.Where(o => o.Key is not null && o.Key != files).SelectMany(o => o).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// Other reviewed commits with exactly the files of the head: branches that were squashed, rebased or merged into it.
    /// </summary>
    public IReadOnlyCollection<string> SameFiles => _sameFiles;

    /// <summary>A review of a commit with the same files is one of the head.</summary>
    /// <param name="notice">Gets a sentence for each approval that will not count.</param>
    public IReadOnlyList<StatedApproval> Stated(IReadOnlyCollection<string> authors, Action<string> notice)
    {
        var reviews = _given.Select(r => _sameFiles.Contains(r.Commit) ? r with { Commit = _range.Head } : r).ToList();
        foreach (var review in reviews.Where(r => r.State is ReviewState.Approved))
        {
            if (WhyNot(review, authors) is { } reason)
            {
                notice($"the approval of {review.Approver} will not count: {reason}");
            }
        }

        return reviews;
    }

    private string? WhyNot(StatedApproval review, IReadOnlyCollection<string> authors) =>
        review.Kind is not ApproverKind.Human ? "they are no human"
        : _otherFiles.Contains(review.Commit) ? $"it is of commit {review.Commit}, which does not have the same files as {_range.Head}"
        : review.Commit != _range.Head
            ? $"it is of commit {review.Commit}, which is not in this clone. If it was squashed, fetch it, for example with git fetch origin "
                + "refs/pull/NUMBER/head, and attest again"
        : authors.Contains(review.Approver) ? "they are an author of the change"
        : null;
}
