using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Changes;

/// <summary>The votes on a recorded revision under one policy, as if one of its requesters requested it again.</summary>
/// <param name="IsRequired">Whether the policy requires an approval of a change of this origin. A veto counts in any case.</param>
public sealed record PolicyTally(string Policy, ApprovalRules Rules, bool IsRequired, VoteTally Votes)
{
    public bool IsComplete => !IsRequired || Votes.IsComplete;

    /// <summary>For what a vote counts: <c>tier-1: security</c>.</summary>
    public string Explain(Approval vote) => $"{Policy}: {Votes.Explain(vote, Rules)}";

    /// <summary>Whether a text of <see cref="Explain"/> says that the vote counts.</summary>
    public static bool SaysThatItCounts(string explained) => !explained.Contains($": {VoteTally.NotCountedText}", StringComparison.Ordinal);

    /// <summary>Of every policy that decides.</summary>
    /// <param name="siblings">All Changes of the workload.</param>
    /// <param name="votes">All votes on the workload.</param>
    /// <param name="deciding">From <see cref="StandingVotes.Deciding"/>.</param>
    /// <param name="runs">Hash of the template in the workload's spec; empty if there is none.</param>
    /// <param name="requester">User name; null for the first.</param>
    public static IReadOnlyList<PolicyTally> All(
        Change change,
        IReadOnlyList<Change> siblings,
        IReadOnlyList<Approval> votes,
        IReadOnlyList<SafeguardPolicy> deciding,
        string runs,
        DateTimeOffset now,
        string? requester = null
    ) =>
        [
            .. from policy in deciding
            let rules = policy.Approval
            where rules is not null
            select new PolicyTally(
                policy.Name,
                rules,
                policy.IsRequired(rules.Required, change.Origin),
                VoteTally.Of(StandingVotes.RevisionOf(change, siblings, rules, runs, requester), rules, votes, now)
            ),
        ];
}
