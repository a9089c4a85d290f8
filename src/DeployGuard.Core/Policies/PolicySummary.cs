using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

/// <summary>What a policy wants of a new revision, in one line for whoever is asked to approve it.</summary>
public static class PolicySummary
{
    /// <summary><c>senior-engineers 1, directors 1 within 72h; images by digest; canary 5, 25, 50% of 10m each, or pace 25%</c>; <c>nothing</c> where every block is off.</summary>
    public static string Of(SafeguardPolicy policy)
    {
        List<string> wants = [];
        if (policy.Approval is { Required: not Required.Never } approval)
        {
            var lines = approval.Quorum.Select(l => $"{string.Join(" or ", l.Groups)} {l.Count}");
            var images = approval.Covers is ApprovalCovers.Images ? " for new images" : "";
            wants.Add($"{string.Join(", ", lines)}{images} within {Durations.Show(approval.MaxAge)}");
        }

        if (policy.Images is { Pin: Pin.Digest })
        {
            wants.Add(policy.RefusesUnreadable ? "images by digest, and none that cannot be read" : "images by digest");
        }

        if (policy.Canary is { Required: not Required.Never } canary)
        {
            wants.Add($"canary {string.Join(", ", canary.Steps)}% of {Durations.Show(canary.Soak)} each, or pace {canary.Pace.Percent}%");
        }

        if (policy.Budget is { } budget)
        {
            wants.Add($"{budget.Most} rollouts at once");
        }

        if (policy.Freeze is not null)
        {
            wants.Add("a freeze");
        }

        return wants.Count == 0 ? "nothing" : string.Join("; ", wants);
    }
}
