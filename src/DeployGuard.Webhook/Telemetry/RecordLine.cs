using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// Lines of the decision log about DeployGuard's own objects: who voted, withdrew, broke the glass or changed a policy, and why.
/// </summary>
internal static class RecordLine
{
    /// <param name="about">The Change that the vote is about; null if there is none yet.</param>
    public static RecordLines Of(Review review, Approval vote, Change? about, DateTimeOffset now) =>
        Both(
            "vote",
            review,
            now,
            json =>
            {
                json.WriteString("decision", vote.Decision.ToString());
                Workload(json, vote.Workload);
                json.WriteString("change", about?.Name ?? "");
                json.WriteText("templateHash", vote.TemplateHash ?? "");
                json.WriteText("reason", vote.Reason);
                Uses(json, vote, about);
            }
        );

    public static RecordLines Of(Review review, BreakGlass glass, DateTimeOffset now) =>
        Both(
            "breakglass",
            review,
            now,
            json =>
            {
                if (glass.Workload is { } workload)
                {
                    Workload(json, workload);
                }

                json.WriteStartArray("waives");
                foreach (var safeguard in glass.Waives)
                {
                    json.WriteStringValue(safeguard);
                }

                json.WriteEndArray();
                json.WriteText("incident", glass.Incident);
                json.WriteText("reason", glass.Reason);
                json.WriteText("for", glass.For);
                json.WriteString("expiresAt", glass.ExpiresAt);
            }
        );

    /// <param name="creator">Its creator; another user needs the verb override.</param>
    /// <param name="vote">The vote that is deleted; null for a BreakGlass, and for a vote that cannot be read.</param>
    /// <param name="withNamespace">Its namespace is being deleted, and everything in it: nobody needs a verb for that.</param>
    public static RecordLines OfDeletion(Review review, string creator, Approval? vote, bool withNamespace, DateTimeOffset now) =>
        Both(
            "withdrawal",
            review,
            now,
            json =>
            {
                json.WriteText("creator", creator);
                if (vote is not null)
                {
                    json.WriteString("decision", vote.Decision.ToString());
                    Workload(json, vote.Workload);
                    json.WriteText("templateHash", vote.TemplateHash ?? "");
                }

                json.WriteBoolean("override", !withNamespace && creator != review.Requester.Username);
            }
        );

    public static ReadOnlyMemory<byte> OfPolicyChange(Review review, DateTimeOffset now) =>
        DecisionLine.Write(json =>
        {
            json.WriteString("time", now);
            json.WriteString("event", "policy");
            json.WriteString("operation", review.Operation.ToString());
            json.WriteText("policy", review.Name);
            json.WriteText("user", review.Requester.Username);
            json.WriteString("modeBefore", NamedMode.Of(review.OldObject) ?? "");
            json.WriteString("mode", NamedMode.Of(review.Object) ?? "");
            json.WriteStartArray("changed");
            foreach (var field in PolicyDifference.Between(review.OldObject, review.Object))
            {
                json.WriteStringValue(field);
            }

            json.WriteEndArray();
        });

    private static RecordLines Both(string what, Review review, DateTimeOffset now, Action<Utf8JsonWriter> members) =>
        new(Line(what, isSeen: true, review, now, members), Line(what, isSeen: false, review, now, members));

    private static ReadOnlyMemory<byte> Line(string what, bool isSeen, Review review, DateTimeOffset now, Action<Utf8JsonWriter> members) =>
        DecisionLine.Write(json =>
        {
            json.WriteString("time", now);
            json.WriteString("event", isSeen ? what : "unconfirmed");
            if (!isSeen)
            {
                json.WriteString("of", what);
            }

            json.WriteString("kind", review.Kind);
            json.WriteString("namespace", review.Namespace);
            json.WriteText("name", review.ObjectName);
            json.WriteText("uid", review.ObjectUid);
            json.WriteText("user", review.Requester.Username);
            members(json);
        });

    private static void Workload(Utf8JsonWriter json, WorkloadRef workload) => json.WriteText("workload", workload.KubectlName);

    /// <summary>A vote after a break-glass is its review.</summary>
    private static void Uses(Utf8JsonWriter json, Approval vote, Change? about)
    {
        if (vote.Decision is Decision.Withdraw || about is not { AwaitsReview: true })
        {
            return;
        }

        json.WriteStartArray("reviews");
        foreach (var use in about.BreakGlassUses.Where(u => u.ReviewedBy is null))
        {
            json.WriteStringValue(use.Name);
        }

        json.WriteEndArray();
    }
}

/// <summary>
/// The line about a request that was admitted: the API server stores the object only afterwards, and may still reject it.
/// </summary>
/// <param name="Seen">What was asked for was seen to have happened.</param>
/// <param name="Unseen">It was not.</param>
internal sealed record RecordLines(ReadOnlyMemory<byte> Seen, ReadOnlyMemory<byte> Unseen);
