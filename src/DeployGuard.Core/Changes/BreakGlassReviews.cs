using DeployGuard.Core.Approvals;

namespace DeployGuard.Core.Changes;

/// <summary>
/// A review of a break-glass holds as long as the vote that it is: until that vote is withdrawn. A vote that expires was a review, and the
/// review stays.
/// </summary>
public static class BreakGlassReviews
{
    /// <summary>A Change whose withdrawn reviews count no more: its uses are unreviewed again.</summary>
    public static Change Reopened(Change change) =>
        change.BreakGlassUses.Any(u => WithdrawalOf(u, change.Votes) is not null)
            ? change with
            {
                BreakGlassUses =
                [
                    .. change.BreakGlassUses.Select(u => WithdrawalOf(u, change.Votes) is null ? u : u with { ReviewedBy = null }),
                ],
            }
            : change;

    /// <summary>The withdrawn vote that was the review of a use; null if the review stands, or there is none.</summary>
    /// <param name="votes">Those on record.</param>
    public static RecordedVote? WithdrawalOf(BreakGlassUse use, IEnumerable<RecordedVote> votes)
    {
        var reviews = use.ReviewedBy is { } reviewer
            ? votes.Where(v => v.Decision is Decision.Approve && v.By == reviewer && v.At.ToUnixTimeSeconds() >= use.At.ToUnixTimeSeconds())
            : [];
        // Older versions recorded a review without its vote; that one stands.
        return reviews.ToList() is { Count: > 0 } cast && cast.TrueForAll(v => v.WasTakenBack) ? cast.MaxBy(v => v.WithdrawnAt) : null;
    }
}
