using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Attest;

/// <summary>Relates reviews to the change that is built: a review counts only for the commit that it was given to.</summary>
internal sealed class Reviews
{
    /// <summary>What a policy lets a review count for that does not say it.</summary>
    private static readonly TimeSpan s_usualMaxAge = new ApprovalRules { Quorum = [] }.MaxAge;

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

    /// <summary>How many of them will not count; known once they were stated.</summary>
    public int InVain { get; private set; }

    /// <summary>A review of a commit with the same files is one of the head.</summary>
    /// <param name="notice">Gets a sentence for each review that will not count, with what helps.</param>
    public IReadOnlyList<StatedApproval> Stated(ChangeAuthors authors, DateTimeOffset now, Action<string> notice)
    {
        var reviews = _given.Select(r => _sameFiles.Contains(r.Commit) ? r with { Commit = _range.Head } : r).ToList();
        foreach (var review in reviews)
        {
            if (WhyNot(review, authors, now) is { } reason)
            {
                InVain++;
                notice(
                    $"the {(review.State is ReviewState.Approved ? "approval" : "review")} of {review.Approver} will not count: {reason}"
                );
            }
            else if (review.At < now - s_usualMaxAge)
            {
                notice(
                    $"the approval of {review.Approver} is of {review.At.UtcDateTime:yyyy-MM-dd}: it counts only where approval.maxAge of the "
                        + $"policy is that long ({s_usualMaxAge.TotalHours:0}h if it is not set)"
                );
            }
        }

        return reviews;
    }

    private string? WhyNot(StatedApproval review, ChangeAuthors authors, DateTimeOffset now) =>
        review.State is ReviewState.ChangesRequested ? "it asks for changes. Have them review again once these are made"
        : review.State is ReviewState.Dismissed ? "it was dismissed. Have them review again"
        : review.Kind is not ApproverKind.Human ? "they are no human. Have a person review it"
        : review.At > now + JudgementTimes.ClockSkew
            ? $"its time, {review.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, is in the future. Correct the file or the clock, and attest again"
        : _otherFiles.Contains(review.Commit)
            ? $"it is of commit {review.Commit}, which does not have the same files as {_range.Head}: the branch was pushed to after the review, "
                + "or was not up to date when it was merged. Have the head reviewed and attest again or, if it is merged, have the change "
                + "approved in the cluster. To prevent it, require branches to be up to date before a merge"
        : review.Commit != _range.Head
            ? $"it is of commit {review.Commit}, which is not in this clone. If it was squashed, fetch it, for example with git fetch origin "
                + "refs/pull/NUMBER/head, and attest again"
        : authors.SourceOf(review.Approver) is { } source
            ? $"they are an author of the change ({source}). Have somebody review it who had no part in it"
        : null;
}
