using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Cli.Views;

/// <summary>
/// Whether an approver may be shown only what differs from the revision that ran before. What the comparison leaves out they sign unseen,
/// so other people must have let that revision in, and it must run.
/// </summary>
internal static class ComparisonBase
{
    /// <param name="siblings">All Changes of the namespace; null if the user may not list them.</param>
    /// <returns>Why the template must be shown as a whole, to follow "because"; empty if a comparison is enough.</returns>
    public static string DoubtOf(ChangeView change, TemplateRecord record, IReadOnlyList<ChangeView>? siblings)
    {
        if (record.Before is not { Hash: var hash })
        {
            return record.BeforeIsUnknown ? "the revision before it is not on record" : "nothing ran before it";
        }

        if (change.Parsed is { Phase: Phase.Pending or Phase.Rejected, RunsNow: { } runs } && runs != hash)
        {
            return $"revision {hash}, which ran when the change was requested, runs no longer";
        }

        if (siblings is null)
        {
            return $"you may not list Changes, so it is unknown who reviewed revision {hash}, which ran before it";
        }

        var former = siblings.FirstOrDefault(s => s.Parsed is { } p && p.Workload == change.Parsed?.Workload && p.HasHash(hash));
        return former?.Parsed switch
        {
            null => $"no Change records revision {hash}, which ran before it",
            { WasAdmitted: false, Adopted: false } => $"revision {hash}, which ran before it, was never admitted",
            _ when former.StandingVotes(Decision.Reject).FirstOrDefault() is { Length: > 0 } by =>
                $"{by} rejected revision {hash}, which ran before it",
            { WasAdmittedUnreviewed: true } => $"nobody has approved revision {hash}, which a break-glass admitted and which ran before it",
            _ => "",
        };
    }
}
