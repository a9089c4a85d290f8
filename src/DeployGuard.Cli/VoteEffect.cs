using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Cli;

/// <summary>What a vote changed, as the Change shows it: the voter is never told to retry before a retry passes.</summary>
internal static class VoteEffect
{
    public static async Task<string> OfAsync(
        RecordClient records,
        VoteTarget target,
        Decision decision,
        string vote,
        CancellationToken cancel
    )
    {
        if (target.View is not { } voted)
        {
            return "There is no Change yet: the next attempt records one, and its answer says what is missing.";
        }

        if (decision is Decision.Reject)
        {
            return (target.IsUnreviewed ? $"{await ReviewAsync(records, voted, vote, cancel)} " : "")
                + $"To withdraw it, run: kubectl deployguard withdraw {vote} -n {records.Namespace}";
        }

        var change = await records.CountedAsync(voted.Name, vote, cancel);
        return !change.Lists(vote)
            ? $"DeployGuard has not counted it yet; look later: kubectl deployguard show {voted.Name} -n {records.Namespace}"
            : string.Join(" ", Sentences(target, change, vote));
    }

    /// <summary>What the rejection of a break-glass leads to.</summary>
    private static async Task<string> ReviewAsync(RecordClient records, ChangeView voted, string vote, CancellationToken cancel)
    {
        var change = await records.CountedAsync(voted.Name, vote, cancel);
        return change.Parsed is not { } parsed ? ""
            : parsed.BreakGlassUses.Any(u => u.IsRejected) ? "The break-glass is now reviewed: rejected."
            : ReviewAdvice.IsRejected(parsed)
                ? "It is the review of the break-glass, once the workload runs something else. Roll it back now: "
                    + $"{ReviewAdvice.Undo(parsed)}."
            : "It is not the review of the break-glass yet.";
    }

    private static IEnumerable<string> Sentences(VoteTarget target, ChangeView change, string vote)
    {
        if (change.CountsOf(vote) is { Count: > 0 } counts)
        {
            yield return $"Under policy {string.Join("; under policy ", counts)}.";
        }

        if (target.IsUnreviewed)
        {
            yield return change.Parsed is { AwaitsReview: false } ? "The break-glass is now reviewed."
            : OpenRequirements.IsReview(change.Missing) && change.Missing != OpenRequirements.Review
                ? $"It is not the review of the break-glass: {change.Missing[(OpenRequirements.Review.Length + 2)..]}. The rejection is to be "
                    + "withdrawn first, or the workload rolled back."
            : $"It is not the review of the break-glass yet: that needs a person of the approving groups who did not request, write or "
                + "use it.";
            yield break;
        }

        var outlook = change.Parsed is { } parsed ? ChangePage.OutlookOf(parsed).ToList() : [];
        // The outlook names what is missing too, where no vote is.
        if (outlook.Count == 0 || !IsOnlyReasons(change.Missing))
        {
            yield return Next(change);
        }

        foreach (var line in outlook)
        {
            yield return line;
        }
    }

    /// <summary>What the change waits for, whether or not the vote is new.</summary>
    public static string Next(ChangeView change) =>
        change.Missing switch
        {
            _ when change.Phase is nameof(Phase.Expired) or nameof(Phase.Withdrawn) =>
                $"The change is {change.Phase} and waits for no vote: the vote counts if somebody requests it again.",
            var nothing when OpenRequirements.IsRetry(nothing) => "Nothing is missing: "
                + $"{OpenRequirements.RetriersIn(nothing) ?? change.Requesters.FirstOrDefault("the requester")} can send the same request "
                + "again now.",
            "" => $"The change is {change.Phase} and waits for nothing.",
            var missing => $"Still missing: {missing}.",
        };

    private static bool IsOnlyReasons(string missing) =>
        missing.Length > 0 && missing.Split("; ").All(m => Reasons.All.Any(r => r.Code == m));
}
