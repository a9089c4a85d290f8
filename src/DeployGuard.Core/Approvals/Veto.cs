using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Approvals;

/// <summary>Which rejections count as a veto.</summary>
public static class Veto
{
    /// <summary>Whether a vote is a rejection that counts under the rules; the revision is not checked.</summary>
    public static bool Counts(Approval vote, ApprovalRules rules, DateTimeOffset now) =>
        vote.Decision is Decision.Reject && MayCast(vote.Approver, rules) && !vote.HasExpired(rules.MaxAge, now);

    /// <summary>Whether a rejection by this identity counts.</summary>
    public static bool MayCast(Requester who, ApprovalRules rules) =>
        rules.Monitors.Contains(who.Username) || (!who.IsMachine && Quorum.IsEligible(rules.Quorum, who.Groups));
}
