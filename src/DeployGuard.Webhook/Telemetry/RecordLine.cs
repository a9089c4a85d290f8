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
    public static ReadOnlyMemory<byte> Of(Review review, Approval vote, Change? about, DateTimeOffset now) =>
        DecisionLine.Write(json =>
        {
            Begin(json, "vote", review, now);
            json.WriteString("decision", vote.Decision.ToString());
            Workload(json, vote.Workload);
            json.WriteString("change", about?.Name ?? "");
            json.WriteString("templateHash", vote.TemplateHash ?? "");
            json.WriteString("reason", vote.Reason);
            Uses(json, vote, about);
        });

    public static ReadOnlyMemory<byte> Of(Review review, BreakGlass glass, DateTimeOffset now) =>
        DecisionLine.Write(json =>
        {
            Begin(json, "breakglass", review, now);
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
            json.WriteString("incident", glass.Incident);
            json.WriteString("reason", glass.Reason);
            json.WriteString("for", glass.For);
            json.WriteString("expiresAt", glass.ExpiresAt);
        });

    /// <param name="creator">Its creator; another user needs the verb override.</param>
    /// <param name="vote">The vote that is deleted; null for a BreakGlass, and for a vote that cannot be read.</param>
    public static ReadOnlyMemory<byte> OfDeletion(Review review, string creator, Approval? vote, DateTimeOffset now) =>
        DecisionLine.Write(json =>
        {
            Begin(json, "withdrawal", review, now);
            json.WriteString("creator", creator);
            if (vote is not null)
            {
                json.WriteString("decision", vote.Decision.ToString());
                Workload(json, vote.Workload);
                json.WriteString("templateHash", vote.TemplateHash ?? "");
            }

            json.WriteBoolean("override", creator != review.Requester.Username);
        });

    public static ReadOnlyMemory<byte> OfPolicyChange(Review review, DateTimeOffset now) =>
        DecisionLine.Write(json =>
        {
            json.WriteString("time", now);
            json.WriteString("event", "policy");
            json.WriteString("operation", review.Operation.ToString());
            json.WriteString("policy", review.Name);
            json.WriteString("user", review.Requester.Username);
            json.WriteString("modeBefore", NamedMode.Of(review.OldObject) ?? "");
            json.WriteString("mode", NamedMode.Of(review.Object) ?? "");
            json.WriteStartArray("changed");
            foreach (var field in PolicyDifference.Between(review.OldObject, review.Object))
            {
                json.WriteStringValue(field);
            }

            json.WriteEndArray();
        });

    private static void Begin(Utf8JsonWriter json, string what, Review review, DateTimeOffset now)
    {
        json.WriteString("time", now);
        json.WriteString("event", what);
        json.WriteString("kind", review.Kind);
        json.WriteString("namespace", review.Namespace);
        json.WriteString("name", review.Name);
        json.WriteString("user", review.Requester.Username);
    }

    private static void Workload(Utf8JsonWriter json, WorkloadRef workload) => json.WriteString("workload", workload.KubectlName);

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
