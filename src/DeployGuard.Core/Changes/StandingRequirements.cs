using DeployGuard.Core.Approvals;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Changes;

/// <summary>What a recorded revision waits for between requests, with the votes as they are now.</summary>
public static class StandingRequirements
{
    /// <summary>Further requesters may be able to retry too; they are not named.</summary>
    private const int MaxEvaluated = 20;

    /// <summary>
    /// For the requester for whom least is missing, with all requesters who can retry: under strict separation a machine needs two
    /// approvals, and claims count only for some requesters.
    /// </summary>
    /// <param name="siblings">All Changes of the workload.</param>
    /// <param name="votes">All votes on the workload.</param>
    /// <param name="deciding">From <see cref="StandingVotes.Deciding"/>.</param>
    /// <param name="runs">Hash of the template in the workload's spec; empty if there is none.</param>
    public static OpenRequirements Of(
        Change change,
        IReadOnlyList<Change> siblings,
        IReadOnlyList<Approval> votes,
        IReadOnlyList<SafeguardPolicy> deciding,
        string runs,
        DateTimeOffset now
    )
    {
        // A thousand requesters may be on record, and most of them are alike.
        var particular = siblings
            .Append(change)
            .SelectMany(c => c.Evidence.Select(e => e.By))
            .Concat(deciding.SelectMany(p => p.Approval?.Bots ?? []))
            .ToHashSet();
        var each = change
            .Requesters.GroupBy(r => (particular.Contains(r) ? r : "", Requester.IsMachineName(r)))
            .Take(MaxEvaluated)
            .Select(alike => (Who: alike, Open: For(alike.First())))
            .ToList();
        if (each.Count == 0)
        {
            return For(null);
        }

        var passing = each.Where(e => e.Open.IsAdmissible).SelectMany(e => e.Who).ToHashSet();
        var best = each.OrderByDescending(e => e.Open.IsAdmissible).ThenByDescending(e => e.Open.IsApproved).First();
        return best.Open with { MayRetry = [.. change.Requesters.Where(passing.Contains)] };

        OpenRequirements For(string? requester) =>
            OpenRequirements.Of(PolicyTally.All(change, siblings, votes, deciding, runs, now, requester), change.Denials);
    }
}
