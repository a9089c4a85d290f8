using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>The votes in the status of a Change, and the conditions Approved and Admissible.</summary>
internal static class VoteStatus
{
    /// <summary>Whether enough people approved it, and nobody rejected it.</summary>
    public const string Approved = ChangeReader.ApprovedCondition;

    /// <summary>Whether the same request would pass now.</summary>
    public const string Admissible = "Admissible";

    public const int MaxVotes = 1000;

    /// <summary>The ChangeApproval and the decision log have it whole; a thousand votes must fit into one object.</summary>
    private const int MaxReason = 200;

    /// <summary>Records a vote once; the vote itself may be deleted.</summary>
    public static JsonObject? Add(JsonObject status, Approval vote)
    {
        var list = JsonWriting.List(status, "approvals");
        if (Find(list, vote.Name, vote.CreatedAt) is not { } recorded)
        {
            if (list.Count >= MaxVotes)
            {
                return null;
            }

            recorded = new JsonObject
            {
                ["name"] = vote.Name,
                ["approver"] = vote.Approver.Username,
                ["decision"] = vote.Decision.ToString(),
                ["at"] = JsonWriting.Time(vote.CreatedAt),
            };
            list.Add((JsonNode)recorded);
        }

        JsonWriting.SetOrRemove(
            recorded,
            "reason",
            VisibleText.Inline(vote.Reason.Length > MaxReason ? $"{vote.Reason[..MaxReason]}..." : vote.Reason)
        );
        if (vote.ExpiresAt is { } end)
        {
            recorded["expiresAt"] = JsonWriting.Time(end);
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
    /// <param name="cast">When it was cast.</param>
    /// <param name="by">User name of the person who withdrew it; null if it is not known.</param>
    /// <returns>Whether anything changed.</returns>
    public static bool Withdraw(JsonObject status, string name, DateTimeOffset cast, string? by, DateTimeOffset now)
    {
        if (
            Find(JsonWriting.List(status, "approvals"), name, cast) is not { } recorded
            || (recorded["withdrawnAt"] is not null && (by is null || recorded["withdrawnBy"] is not null))
        )
        {
            return false;
        }

        recorded["withdrawnAt"] = (string?)recorded["withdrawnAt"] ?? JsonWriting.Time(now);
        JsonWriting.SetOrRemove(recorded, "withdrawnBy", by);
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
        var approved = JsonWriting.List(status, "conditions").FirstOrDefault(c => (string?)c?["type"] == Approved);
        if ((string?)approved?["status"] != "True")
        {
            Set(status, Approved, true, ("Reviewed", $"reviewed after the break-glass by {reviewer}"), now);
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

    /// <summary>By name and time: a deleted ChangeApproval's name may be used again, by anybody.</summary>
    private static JsonObject? Find(JsonArray list, string name, DateTimeOffset cast) =>
        list.OfType<JsonObject>().FirstOrDefault(v => (string?)v["name"] == name && (string?)v["at"] == JsonWriting.Time(cast));
}
