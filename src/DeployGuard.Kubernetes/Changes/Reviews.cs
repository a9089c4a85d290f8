using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// The reviews of the uses of BreakGlasses in the status of a Change. A withdrawn or rejected review opens the use again; the record keeps
/// both, in <c>formerReviews</c>.
/// </summary>
internal static class Reviews
{
    /// <summary>Why a review does not count any more.</summary>
    public const string Withdrawn = "ReviewWithdrawn";

    /// <inheritdoc cref="Withdrawn"/>
    public const string Rejected = "ReviewRejected";

    private const int MaxFormer = 20;

    /// <summary>Another person has reviewed all uses until now. Their vote is recorded too, so that its withdrawal is noticed.</summary>
    /// <returns>False if the vote is recorded as withdrawn: a cache may not know it yet.</returns>
    public static bool Record(JsonObject status, Approval review, DateTimeOffset now)
    {
        if (VoteStatus.Add(status, review, isReview: true) is { } recorded && recorded["withdrawnAt"] is not null)
        {
            return false;
        }

        // A later use, which the leader's cache did not have, waits for a review of its own.
        var reviewed = Uses(status).Where(u => u["reviewedBy"] is null && IsSeenBy(review, u)).ToList();
        foreach (var use in reviewed)
        {
            use["reviewedBy"] = review.Approver.Username;
            use["reviewedAt"] = Rfc3339.Show(now);
            if (review.Decision is Decision.Reject)
            {
                use[ChangeReader.ReviewDecisionField] = nameof(Decision.Reject);
            }
        }

        if (Uses(status).Any(u => u["reviewedBy"] is null))
        {
            return reviewed.Count > 0;
        }

        status.Remove("missing");
        if (review.Decision is Decision.Reject)
        {
            VoteStatus.SetVetoed(status, new Rejection(review.Approver.Username, review.Reason), now);
        }
        else
        {
            VoteStatus.SetReviewed(status, review.Approver.Username, now);
        }

        return true;
    }

    /// <summary>Opens the uses whose reviews were withdrawn.</summary>
    /// <returns>Whether anything changed.</returns>
    public static bool Reopen(JsonObject status, DateTimeOffset now)
    {
        if (!Uses(status).Any(u => u["reviewedBy"] is not null))
        {
            return false;
        }

        var (uses, votes) = ChangeReader.ReadReviews(JsonSerializer.SerializeToElement(status));
        var withdrawn = uses.Select(u => BreakGlassReviews.WithdrawalOf(u, votes)).ToList();
        foreach (var (use, vote) in Uses(status).Zip(withdrawn))
        {
            if (vote is not null)
            {
                End(use, Withdrawn, vote.WithdrawnBy, vote.WithdrawnAt ?? now);
            }
        }

        if (withdrawn.OfType<RecordedVote>().FirstOrDefault() is not { } last)
        {
            return false;
        }

        var why = $"changeapproval {last.Name}, the review by {last.By}, was withdrawn{(last.WithdrawnBy is { } by ? $" by {by}" : "")}";
        VoteStatus.SetUnreviewed(status, (Withdrawn, why), now);
        status["missing"] = OpenRequirements.Review;
        return true;
    }

    /// <summary>A veto that counts opens all uses that were approved.</summary>
    public static void Reject(JsonObject status, Rejection veto, DateTimeOffset now)
    {
        foreach (var use in Uses(status).Where(u => u["reviewedBy"] is not null && u[ChangeReader.ReviewDecisionField] is null))
        {
            End(use, Rejected, veto.By, now);
        }

        VoteStatus.SetUnreviewed(status, (Rejected, veto.ToString()), now);
        status["missing"] = OpenRequirements.Review;
    }

    private static bool IsSeenBy(Approval review, JsonObject use) =>
        (string?)use["by"] != review.Approver.Username
        && !(
            DateTimeOffset.TryParse((string?)use["at"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            && at.ToUnixTimeSeconds() > review.CreatedAt.ToUnixTimeSeconds()
        );

    private static void End(JsonObject use, string cause, string? by, DateTimeOffset at)
    {
        var former = JsonWriting.List(use, "formerReviews");
        if (former.Count >= MaxFormer)
        {
            former.RemoveAt(0);
        }

        var ended = new JsonObject { ["endedAt"] = Rfc3339.Show(at), ["cause"] = cause };
        JsonWriting.SetOrRemove(ended, "by", (string?)use["reviewedBy"]);
        JsonWriting.SetOrRemove(ended, "decision", (string?)use[ChangeReader.ReviewDecisionField] ?? nameof(Decision.Approve));
        JsonWriting.SetOrRemove(ended, "at", (string?)use["reviewedAt"]);
        JsonWriting.SetOrRemove(ended, "endedBy", by);
        former.Add((JsonNode)ended);
        use.Remove("reviewedBy");
        use.Remove("reviewedAt");
        use.Remove(ChangeReader.ReviewDecisionField);
    }

    private static IEnumerable<JsonObject> Uses(JsonObject status) => (status["breakGlass"] as JsonArray ?? []).OfType<JsonObject>();
}
