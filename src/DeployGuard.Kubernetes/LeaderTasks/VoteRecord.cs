using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>What a Change should say of its votes now. Pure: from the Change, the votes on it, and what it waits for.</summary>
/// <param name="Differing">The votes that it lists otherwise, or not yet, with what each counts for.</param>
/// <param name="Absent">The votes that it lists, and that are not known: another replica may have recorded one that is new.</param>
/// <param name="Open">What it waits for; only for a Change whose request awaits an answer.</param>
/// <param name="Missing">The text for its column MISSING.</param>
/// <param name="Runs">Hash of the template that the workload runs; empty if it is not known.</param>
/// <param name="Veto">One that stands on a revision that was admitted; null if there is none.</param>
internal sealed record VoteRecord(
    Change Change,
    IReadOnlyList<(Approval Vote, IReadOnlyList<string> Counts)> Differing,
    IReadOnlyList<RecordedVote> Absent,
    OpenRequirements Open,
    string Missing,
    string Runs,
    Rejection? Veto
)
{
    /// <summary>A vote that was to be deleted, and exists after so long, was not withdrawn.</summary>
    private static readonly TimeSpan s_deletionTakes = TimeSpan.FromSeconds(30);

    /// <param name="votes">Those on the Change.</param>
    /// <param name="runs">Hash of the template that the workload runs; empty if it is not known.</param>
    /// <param name="explain">For what a vote counts under each policy.</param>
    public static VoteRecord Of(
        Change change,
        IReadOnlyList<Approval> votes,
        Func<Approval, IReadOnlyList<string>> explain,
        OpenRequirements open,
        string runs,
        DateTimeOffset now,
        Approval? veto = null,
        Approval? review = null
    ) =>
        new(
            change,
            [
                .. from vote in votes
                let known = change.Votes.FirstOrDefault(k => k.IsOf(vote))
                where known is not null || change.Votes.Count < VoteStatus.MaxVotes
                // What it counted for stays on record when it has expired.
                let counts = known is null ? explain(vote)
                : vote.ExpiresAt <= now ? known.Counts
                : PolicyTally.WithFormer(known.Counts, explain(vote))
                where Differs(known, counts, now)
                select (vote, counts),
            ],
            [.. change.Votes.Where(k => !k.IsGone && !votes.Any(k.IsOf))],
            open,
            MissingOf(change, open, runs, RejectedBy(review, veto?.Approver.Username)),
            runs,
            veto is null ? null : new Rejection(veto.Approver.Username, veto.Reason)
        )
        {
            Review = review,
        };

    /// <summary>The vote that is the review of a break-glass, and is not recorded as such yet; null if there is none.</summary>
    public Approval? Review { get; private init; }

    /// <summary>As it will be, once votes that do not exist are recorded as withdrawn: one of them may have been a review.</summary>
    /// <param name="gone">Those absent votes that do not exist.</param>
    public VoteRecord Without(IReadOnlyList<RecordedVote> gone, DateTimeOffset now)
    {
        if (gone.Count == 0)
        {
            return this;
        }

        var after = BreakGlassReviews.Reopened(
            Change with
            {
                Votes = [.. Change.Votes.Select(v => gone.Contains(v) ? v with { WithdrawnAt = now } : v)],
            }
        );
        return this with
        {
            Change = Change with { BreakGlassUses = after.BreakGlassUses },
            Missing = MissingOf(after, Open, Runs, RejectedBy(Review, Veto?.By)),
        };
    }

    /// <summary>Whether the last request was refused, and another one may pass, or a review is missing.</summary>
    public static bool IsOpen(Change change) =>
        change.HasOpenRequirements || change.AwaitsReview || change.Phase is Phase.Pending or Phase.Rejected;

    /// <summary>What is to be written, as a text to compare; empty if the Change says everything.</summary>
    /// <param name="gone">Those absent votes that do not exist.</param>
    public string Writes(IReadOnlyList<RecordedVote> gone)
    {
        var says =
            Change.Missing == Missing
            && (
                AwaitsAnswer(Change) ? Change.IsApproved == Open.IsApproved && !HasMoved
                : Veto is not null ? !Change.IsApproved && !Change.IsAdmissible
                : !(Change.ShowsVeto && IsOngoing(Change))
            );
        return says && Differing.Count == 0 && gone.Count == 0
            ? ""
            : $"{Missing} {Runs} {string.Join(' ', Differing.Select(v => v.Vote.Name))} {string.Join(' ', gone.Select(v => v.Name))}";
    }

    /// <summary>Writes it into the status as it is stored now.</summary>
    /// <param name="gone">Those absent votes that do not exist.</param>
    /// <returns>Whether anything is to be stored.</returns>
    public bool WriteTo(JsonObject status, IReadOnlyList<RecordedVote> gone, DateTimeOffset now)
    {
        // A request may have changed the phase since it was cached; the next round sees that.
        if ((string?)status["phase"] != Change.Phase.ToString())
        {
            return false;
        }

        foreach (var (vote, counts) in Differing)
        {
            VoteStatus.Record(status, vote, counts);
        }

        foreach (var vote in gone)
        {
            VoteStatus.Withdraw(status, vote.Name, vote.Uid, vote.At, null, now);
        }

        Reviews.Reopen(status, now);
        if (AwaitsAnswer(Change))
        {
            VoteStatus.SetOpen(status, Open, now);
            if (Runs.Length > 0)
            {
                status[ChangeReader.RunsNowField] = Runs;
            }
        }
        else if (Veto is not null)
        {
            VoteStatus.SetVetoed(status, Veto, now);
        }
        else if (IsOngoing(Change))
        {
            VoteStatus.LiftVeto(status, now);
        }

        JsonWriting.SetOrRemove(status, "missing", Missing);
        return true;
    }

    /// <summary>The workload runs another revision than at the last request: a comparison with that one would hide what is new.</summary>
    private bool HasMoved => Runs.Length > 0 && Change.RunsNow != Runs;

    private static bool Differs(RecordedVote? known, IReadOnlyList<string> counts, DateTimeOffset now) =>
        known is null
        || (known.WithdrawnAt is { } at && now - at > s_deletionTakes)
        || (!known.IsGone && !known.Counts.SequenceEqual(counts));

    /// <summary>What it waits for; empty where nobody can do anything about it any more.</summary>
    /// <param name="rejectedBy">Whose rejection stands; null if there is none.</param>
    private static string MissingOf(Change change, OpenRequirements open, string runs, string? rejectedBy) =>
        change.AwaitsReview && change.WasAdmitted
            ? rejectedBy is not null && (runs.Length == 0 || change.HasHash(runs))
                ? OpenRequirements.RejectedReview(rejectedBy)
                : OpenRequirements.Review
            : AwaitsAnswer(change)
                ? open.Missing
                : "";

    /// <summary>A rejection that was cast before the last use is no review of it; while it stands, no approval is one either.</summary>
    private static string? RejectedBy(Approval? review, string? veto) =>
        review is { Decision: Decision.Reject } ? review.Approver.Username : veto;

    /// <summary>
    /// The last request was refused, and another one may pass. Also a completed revision, if its workload is to be created again.
    /// </summary>
    private static bool AwaitsAnswer(Change change) =>
        change.Phase is Phase.Pending or Phase.Rejected
        || (
            change is { HasOpenRequirements: true, AwaitsReview: false } && !OpenRequirements.IsReview(change.Missing) && IsOngoing(change)
        );

    /// <summary>It was admitted, and runs or can be gone back to.</summary>
    public static bool IsOngoing(Change change) => change.Phase is Phase.Admitted or Phase.Running or Phase.Completed or Phase.Proven;
}
