using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>The Event of a vote.</summary>
internal sealed record VoteEvent(bool IsWarning, string Reason, string Message)
{
    public static VoteEvent Cast(Approval vote, Change change, string missing)
    {
        var why = vote.Reason.Length > 0 ? $" ({VisibleText.Inline(vote.Reason)})" : "";
        return vote.Decision is Decision.Reject
            ? new(true, "ChangeRejected", $"{vote.Approver.Username} rejected {change.Name}{why}")
            : new(false, "ChangeApproved", $"{vote.Approver.Username} approved {change.Name}{why}{Rest(missing)}");
    }

    public static VoteEvent Withdrawn(RecordedVote vote, Change change, string missing) =>
        new(true, "VoteWithdrawn", $"changeapproval {vote.Name} on {change.Name} was withdrawn{Rest(missing)}");

    private static string Rest(string missing) => missing.Length > 0 ? $"; missing: {missing}" : "";
}
