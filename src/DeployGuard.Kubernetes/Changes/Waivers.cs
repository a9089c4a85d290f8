using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>The waivers that admitted a Change, as it records them: BreakGlasses until their review, and exempt identities.</summary>
internal static class Waivers
{
    private const int MaxReviewed = 20;
    private const int MaxExemptions = 20;

    public static void Merge(JsonObject status, ChangeEntry entry, DateTimeOffset now)
    {
        // A completed revision was admitted otherwise; a BreakGlass that exposes it further, or rolls back to it, does not change that.
        var letIn = entry.IsNewRevision && (string?)status["phase"] is not (nameof(Phase.Completed) or nameof(Phase.Proven));
        foreach (var used in entry.Findings.Where(f => f.Waiver?.BreakGlass is not null).GroupBy(f => f.Waiver?.BreakGlass))
        {
            var glass = used.Key ?? throw new InvalidOperationException("no break-glass");
            // Created at the first use: an empty list on every Change would only distract its readers.
            var uses = JsonWriting.List(status, "breakGlass");
            if (!uses.Any(u => (string?)u?["name"] == glass.Name && (bool?)u?["letIn"] != !letIn))
            {
                MakeRoom(uses);
                uses.Add(
                    (JsonNode)
                        new JsonObject
                        {
                            ["name"] = glass.Name,
                            ["by"] = glass.RequestedBy.Username,
                            ["incident"] = VisibleText.Inline(glass.Incident),
                            ["reason"] = VisibleText.Inline(glass.Reason),
                            ["waived"] = new JsonArray([.. used.Select(f => f.Safeguard).Distinct().Select(s => JsonValue.Create(s))]),
                            ["letIn"] = letIn,
                            ["at"] = Rfc3339.Show(now),
                        }
                );
            }
        }

        foreach (var policy in entry.Findings.Where(f => f.Waiver == Waiver.ExemptIdentity).Select(f => f.Policy).Distinct())
        {
            JsonWriting.AddOnce(
                JsonWriting.List(status, "exemptions"),
                "policy",
                policy,
                MaxExemptions,
                () =>
                    new JsonObject
                    {
                        ["policy"] = policy,
                        ["by"] = entry.Requester,
                        ["at"] = Rfc3339.Show(now),
                    }
            );
        }
    }

    /// <summary>The oldest reviewed use is removed; uses that await review always stay.</summary>
    private static void MakeRoom(JsonArray uses)
    {
        var reviewed = uses.Where(u => u?["reviewedBy"] is not null).ToList();
        if (reviewed.Count >= MaxReviewed)
        {
            uses.Remove(reviewed[0]);
        }
    }
}
