using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Changes;

/// <summary>The votes on a recorded revision under one policy, as if one of its requesters requested it again.</summary>
/// <param name="At">The time at which the votes were counted.</param>
/// <param name="IsRequired">Whether the policy requires an approval of a change of this origin. A veto counts in any case.</param>
public sealed record PolicyTally(string Policy, ApprovalRules Rules, bool IsRequired, VoteTally Votes, DateTimeOffset At)
{
    /// <summary>No approval is required because signed evidence says that no AI had a part.</summary>
    public bool IsHuman { get; private init; }

    /// <summary>The signed evidence that stands in for approvals, for the record.</summary>
    public IEnumerable<string> SignedBasis =>
        IsHuman ? [SignedBacking.HumanBasis(Policy)]
        : IsRequired ? Votes.SignedBasis
        : [];

    public bool IsComplete => !IsRequired || Votes.IsComplete;

    /// <summary>For what a vote counts: <c>tier-1: security</c>.</summary>
    public string Explain(Approval vote) => $"{Policy}: {Votes.Explain(vote, Rules, At)}";

    /// <summary>Whether a text of <see cref="Explain"/> says that the vote counts.</summary>
    public static bool SaysThatItCounts(string explained) => !explained.Contains($": {VoteTally.NotCountedText}", StringComparison.Ordinal);

    /// <summary>Whether a text of <see cref="Explain"/> says that the vote has expired.</summary>
    public static bool SaysThatItExpired(string explained) =>
        explained.Contains($": {VoteTally.NotCountedText} ({VoteTally.Expired}", StringComparison.Ordinal);

    /// <summary>
    /// What a vote counts for now. Of one that has expired since, also what it counted for until then, which stays on record:
    /// <c>tier-1: not counted (expired; counted for security)</c>.
    /// </summary>
    /// <param name="known">The texts on record.</param>
    /// <param name="now">Those of <see cref="Explain"/>, a text for each policy.</param>
    public static IReadOnlyList<string> WithFormer(IReadOnlyList<string> known, IReadOnlyList<string> now) =>
        [.. now.Select(text => SaysThatItExpired(text) ? FormerOf(known, text) : text)];

    private static string FormerOf(IReadOnlyList<string> known, string expired)
    {
        var policy = expired[..(expired.IndexOf(": ", StringComparison.Ordinal) + 2)];
        return known.FirstOrDefault(k => k.StartsWith(policy, StringComparison.Ordinal)) is not { } former ? expired
            : SaysThatItExpired(former) ? former
            : SaysThatItCounts(former) ? $"{expired[..^1]}; counted for {former[policy.Length..]})"
            : expired;
    }

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
            let signed = StandingEvidence.Of(change, policy, runs, now)
            let revision = StandingVotes.RevisionOf(change, siblings, rules, runs, requester, signed)
            let origin = StandingEvidence.OriginOf(change.Origin, signed is { IsHuman: true })
            let isRequired = policy.IsRequired(rules.Required, origin)
            select new PolicyTally(policy.Name, rules, isRequired, VoteTally.Of(revision, rules, votes, now), now)
            {
                IsHuman = !isRequired && origin != change.Origin,
            },
        ];
}
