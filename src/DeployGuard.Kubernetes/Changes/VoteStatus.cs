using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>The votes in the status of a Change, and the conditions Approved and Admissible.</summary>
internal static class VoteStatus
{
    /// <summary>Whether enough people approved it, and nobody rejected it.</summary>
    public const string Approved = ChangeReader.ApprovedCondition;

    /// <summary>Whether the same request would pass now.</summary>
    public const string Admissible = ChangeReader.AdmissibleCondition;

    /// <summary>Reason of the condition Approved after a review.</summary>
    private const string Reviewed = "Reviewed";

    public const int MaxVotes = 1000;

    /// <summary>The ChangeApproval and the decision log have it whole; a thousand votes must fit into one object.</summary>
    private const int MaxReason = 200;

    /// <summary>Reviews of break-glasses are recorded beyond that limit, or nobody could withdraw them.</summary>
    private const int MaxReviews = 100;

    /// <summary>Records a vote once; the vote itself may be deleted.</summary>
    /// <param name="isReview">Whether it is the review of a break-glass.</param>
    public static JsonObject? Add(JsonObject status, Approval vote, bool isReview = false)
    {
        var list = JsonWriting.List(status, "approvals");
        if (Find(list, vote.Name, vote.Uid, vote.CreatedAt) is not { } recorded)
        {
            if (list.Count >= MaxVotes + (isReview ? MaxReviews : 0))
            {
                return null;
            }

            recorded = new JsonObject
            {
                ["name"] = vote.Name,
                ["approver"] = vote.Approver.Username,
                ["decision"] = vote.Decision.ToString(),
                ["at"] = Rfc3339.Show(vote.CreatedAt),
            };
            list.Add((JsonNode)recorded);
        }

        if (vote.Uid.Length > 0)
        {
            recorded["uid"] = vote.Uid;
        }

        JsonWriting.SetOrRemove(
            recorded,
            "reason",
            VisibleText.Inline(vote.Reason.Length > MaxReason ? $"{vote.Reason[..MaxReason]}..." : vote.Reason)
        );
        if (vote.ExpiresAt is { } end)
        {
            recorded["expiresAt"] = Rfc3339.Show(end);
        }

        return recorded;
    }

    /// <summary>Records a vote that exists, with what it counts for.</summary>
    public static void Record(JsonObject status, Approval vote, IReadOnlyList<string> counts)
    {
        if (Add(status, vote) is { } recorded)
        {
            recorded["counts"] = new JsonArray([.. counts.Select(c => JsonValue.Create(c))]);
            recorded.Remove("withdrawnAt");
            recorded.Remove("withdrawnBy");
        }
    }

    /// <summary>Records that a vote was withdrawn.</summary>
    /// <param name="uid">Of the ChangeApproval; empty if it is not known.</param>
    /// <param name="cast">When it was cast.</param>
    /// <param name="by">User name of the person who withdrew it; null if it is not known.</param>
    /// <returns>Whether anything changed.</returns>
    public static bool Withdraw(JsonObject status, string name, string uid, DateTimeOffset cast, string? by, DateTimeOffset now)
    {
        if (
            Find(JsonWriting.List(status, "approvals"), name, uid, cast) is not { } recorded
            || (bool?)recorded["expired"] is true
            || (recorded["withdrawnAt"] is not null && (by is null || recorded["withdrawnBy"] is not null))
        )
        {
            return false;
        }

        recorded["withdrawnAt"] = (string?)recorded["withdrawnAt"] ?? Rfc3339.Show(now);
        JsonWriting.SetOrRemove(recorded, "withdrawnBy", by);
        Reviews.Reopen(status, now);
        return true;
    }

    /// <summary>Marks a vote that has expired and is deleted.</summary>
    public static void Expire(JsonObject status, Approval vote)
    {
        if (Add(status, vote) is { } recorded)
        {
            recorded["expired"] = true;
        }
    }

    /// <summary>Says what a Change lacks that was refused, and whether a retry passes.</summary>
    public static void SetOpen(JsonObject status, OpenRequirements open, DateTimeOffset now)
    {
        JsonWriting.SetOrRemove(status, "missing", open.Missing);
        Set(status, Approved, open.IsApproved, open.ApprovedBecause, now);
        Set(status, Admissible, open.IsAdmissible, open.AdmissibleBecause, now);
    }

    /// <summary>Says how a new revision that is admitted was approved, if it was.</summary>
    /// <param name="waived">Whether it was admitted without an approval that a policy requires.</param>
    public static void SetAdmitted(JsonObject status, OpenRequirements open, bool waived, Transition transition, DateTimeOffset now)
    {
        Set(status, Approved, !waived, waived ? (transition.Reason, transition.Message) : open.ApprovedBecause, now);
        SetAdmissible(status, transition, now);
    }

    /// <summary>Says that a request passed, whatever was approved before.</summary>
    public static void SetAdmissible(JsonObject status, Transition transition, DateTimeOffset now) =>
        Set(status, Admissible, true, (transition.Reason, transition.Message), now);

    /// <summary>A review takes the place of an approval that was waived; one that there was stays on record.</summary>
    public static void SetReviewed(JsonObject status, string reviewer, DateTimeOffset now)
    {
        if ((string?)Condition(status, Approved)?["status"] != "True")
        {
            Set(status, Approved, true, (Reviewed, $"reviewed after the break-glass by {reviewer}"), now);
        }
    }

    /// <summary>A review does not count any more. An approval of the revision stays on record.</summary>
    public static void SetUnreviewed(JsonObject status, (string Reason, string Message) because, DateTimeOffset now)
    {
        if (Condition(status, Approved) is { } approved && (string?)approved["reason"] == Reviewed)
        {
            Set(status, Approved, false, because, now);
        }
    }

    /// <summary>
    /// A veto stands on a revision that was admitted: it is neither approved nor admissible, although a rollback to it is not refused.
    /// </summary>
    public static void SetVetoed(JsonObject status, Rejection veto, DateTimeOffset now)
    {
        SetUnreviewed(status, (Reviews.Rejected, veto.ToString()), now);
        foreach (var type in (string[])[Approved, Admissible])
        {
            if ((string?)Condition(status, type)?["status"] == "True")
            {
                Set(status, type, false, (OpenRequirements.RejectedCode, veto.ToString()), now);
            }
        }
    }

    /// <summary>The veto is gone: what it had made false is true again.</summary>
    public static void LiftVeto(JsonObject status, DateTimeOffset now)
    {
        foreach (var type in (string[])[Approved, Admissible])
        {
            if (Condition(status, type) is { } set && (string?)set["reason"] == OpenRequirements.RejectedCode)
            {
                Set(status, type, true, ("VetoLifted", "as before the veto, which was withdrawn or has expired"), now);
            }
        }
    }

    /// <summary>Nobody waits for it any more.</summary>
    public static void SetEnded(JsonObject status, Transition end, DateTimeOffset now)
    {
        status.Remove("missing");
        Set(status, Approved, false, (end.Reason, end.Message), now);
        Set(status, Admissible, false, (end.Reason, end.Message), now);
    }

    private static void Set(JsonObject status, string type, bool holds, (string Reason, string Message) because, DateTimeOffset now) =>
        ChangeStatus.Set(status, type, holds, because.Reason, because.Message, now);

    private static JsonObject? Condition(JsonObject status, string type) =>
        (status["conditions"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(c => (string?)c["type"] == type);

    /// <summary>
    /// By uid: the name of a deleted ChangeApproval may be used again, by anybody, within the same second. Where one side has no uid, by
    /// name and time.
    /// </summary>
    private static JsonObject? Find(JsonArray list, string name, string uid, DateTimeOffset cast)
    {
        var named = list.OfType<JsonObject>().Where(v => (string?)v["name"] == name).ToList();
        return named.Find(v => uid.Length > 0 && (string?)v["uid"] == uid)
            ?? named.Find(v => (uid.Length == 0 || v["uid"] is null) && (string?)v["at"] == Rfc3339.Show(cast));
    }
}
