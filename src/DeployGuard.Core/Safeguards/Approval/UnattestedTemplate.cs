using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// A change of the template alone that brings no statement about it. No registry is asked then, so that nothing else says that signed
/// evidence could stand in for the approval.
/// </summary>
internal static class UnattestedTemplate
{
    /// <returns>Without the last full stop; empty where an image is new, or the policy trusts nobody to say it.</returns>
    public static string In(Inspection inspection)
    {
        var (evaluated, policy, cluster) = (inspection.Evaluated, inspection.Policy, inspection.Cluster);
        if (
            SignedQuestions.Of(evaluated, policy) is not { OfTemplate: [], WithoutStatement: [_, ..] images }
            || policy.SignedOrigin?.Keys.Any(k => k.Role is KeyRole.SourceReview) is not true
            || evaluated.After is not { } after
        )
        {
            return "";
        }

        var onRecord = images
            .Select(i => (Image: i, Commits: SignedQuestions.CommitsOnRecord(evaluated, i, policy, cluster).Distinct().ToList()))
            .Where(r => r.Commits.Count > 0)
            .ToList();
        if (onRecord is not [var recorded, ..])
        {
            return "only the template changed, and no commit of the revision that runs is on record, so that no statement about a template counts "
                + "until a new image comes";
        }

        var commits = onRecord.SelectMany(r => r.Commits).Distinct().ToList();
        var isProven = SignedQuestions.ProvenBefore(evaluated, cluster) is not null;
        var bare =
            (
                SignedQuestions.StatementsIn(evaluated).Count > 0
                    ? "the statement in the annotation does not name it"
                    : "the request brings no statement that names it"
            ) + $" ({after.Ref}, hash {SignedEvidence.Short(after.Template.Hash)})";
        // The way out of what time does not prove is an approval, which no statement replaces.
        var unproven = isProven ? "" : $"{UnprovenBefore.In(inspection)}{UnprovenBefore.WayOut(inspection)}";
        return !isProven && !UnprovenBefore.IsByTime(inspection) ? $"only the template changed, and {unproven}"
            // It would be refused like this request.
            : policy.DryRun is DryRunAnswer.Refuse
                ? $"only the template changed, and {bare}. The policy refuses the dry run that such a statement "
                    + "is made from (dryRun: Refuse), so that an approval in the cluster is the way"
            : $"only the template changed, and {bare}. {TemplateAdvice.WhereItIsAlone(inspection, recorded.Image, commits)}"
                + (isProven ? "" : $". Besides, {unproven}");
    }
}
