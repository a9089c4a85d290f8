using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>What was used on a Change to let something pass, as it stays there: BreakGlasses until their review, exempt identities.</summary>
internal static class Waivers
{
    private const int MaxReviewed = 20;
    private const int MaxExemptions = 20;

    public static void Merge(JsonObject status, ChangeEntry entry, DateTimeOffset now)
    {
        // What had completed came in by other means; a BreakGlass that widens it then, or brings it back, launders nothing.
        var letIn = entry.IsNewRevision && (string?)status["phase"] is not (nameof(Phase.Completed) or nameof(Phase.Proven));
        foreach (var used in entry.Findings.Where(f => f.Waiver?.BreakGlass is not null).GroupBy(f => f.Waiver?.BreakGlass))
        {
            var glass = used.Key ?? throw new InvalidOperationException("no break-glass");
            // Made for the first use alone: an empty list on every Change would be in everybody's way who reads one.
            var uses = Json.List(status, "breakGlass");
            if (!uses.Any(u => (string?)u?["name"] == glass.Name && (bool?)u?["letIn"] != !letIn))
            {
                MakeRoom(uses);
                uses.Add((JsonNode)new JsonObject
                {
                    ["name"] = glass.Name,
                    ["by"] = glass.RequestedBy.Username,
                    ["incident"] = glass.Incident,
                    ["reason"] = glass.Reason,
                    ["waived"] = new JsonArray([.. used.Select(f => f.Safeguard).Distinct().Select(s => JsonValue.Create(s))]),
                    ["letIn"] = letIn,
                    ["at"] = Json.Time(now),
                });
            }
        }

        foreach (var policy in entry.Findings.Where(f => f.Waiver == Waiver.ExemptIdentity).Select(f => f.Policy).Distinct())
        {
            Json.AddOnce(Json.List(status, "exemptions"), "policy", policy, MaxExemptions, () => new JsonObject
            {
                ["policy"] = policy,
                ["by"] = entry.Requester,
                ["at"] = Json.Time(now),
            });
        }
    }

    /// <summary>Somebody else has looked at it: at all that was used until now.</summary>
    public static void Review(JsonObject status, string reviewer, DateTimeOffset now)
    {
        foreach (var use in Json.List(status, "breakGlass").OfType<JsonObject>().Where(u => u["reviewedBy"] is null))
        {
            use["reviewedBy"] = reviewer;
            use["reviewedAt"] = Json.Time(now);
        }
    }

    /// <summary>The oldest that was reviewed goes; what nobody has reviewed always stays.</summary>
    private static void MakeRoom(JsonArray uses)
    {
        var reviewed = uses.Where(u => u?["reviewedBy"] is not null).ToList();
        if (reviewed.Count >= MaxReviewed)
        {
            uses.Remove(reviewed[0]);
        }
    }
}
