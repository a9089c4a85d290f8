using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Kubernetes.Events;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>The Event of a vote.</summary>
internal sealed record VoteEvent(bool IsWarning, string Reason, string Message, EventBudget Budget)
{
    public static VoteEvent Cast(Approval vote, Change change, string missing, bool isReview)
    {
        var why = vote.Reason.Length > 0 ? $" ({VisibleText.Inline(vote.Reason)})" : "";
        var budget = BudgetOf(vote.Decision, vote.Approver.Username);
        return vote.Decision is Decision.Reject
            ? new(true, "ChangeRejected", $"{vote.Approver.Username} rejected {change.Name}{why}", budget)
            : new(
                false,
                "ChangeApproved",
                $"{vote.Approver.Username} approved {change.Name}{why}{(isReview ? "; the break-glass is reviewed" : Rest(missing))}",
                budget
            );
    }

    public static VoteEvent Withdrawn(RecordedVote vote, Change change, string missing) =>
        new(
            true,
            "VoteWithdrawn",
            $"{vote.Decision?.ToString() ?? "vote"} of {vote.By}, changeapproval {vote.Name} on {change.Name}, was withdrawn"
                + $"{(vote.WithdrawnBy is { } by ? $" by {by}" : "")}{Rest(missing)}",
            BudgetOf(vote.Decision, vote.By)
        );

    /// <summary>Vetoes have their own: other votes silence none.</summary>
    private static EventBudget BudgetOf(Decision? decision, string voter) =>
        new(decision is Decision.Reject ? "vetoes" : "approvals", voter);

    private static string Rest(string missing) =>
        OpenRequirements.RetriersIn(missing) is { } retriers ? $"; nothing is missing: {retriers} can send the request again"
        : OpenRequirements.IsRetry(missing) ? "; nothing is missing: the request can be sent again"
        : missing.Length > 0 ? $"; missing: {missing}"
        : "";
}
