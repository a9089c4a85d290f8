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

        var commits = images.SelectMany(i => SignedQuestions.CommitsOnRecord(evaluated, i, policy, cluster)).Distinct().ToList();
        if (commits.Count == 0)
        {
            return "only the template changed, and no commit of the revision that runs is on record, so that no statement about a template counts "
                + "until a new image comes";
        }

        var isProven = SignedQuestions.ProvenBefore(evaluated, cluster) is not null;
        var bare = $"the request brings no statement that names it (hash {SignedEvidence.Short(after.Template.Hash)})";
        // The way out of what time does not prove is an approval, which no statement replaces.
        var unproven = isProven ? "" : $"{UnprovenBefore.In(inspection)}{UnprovenBefore.WayOut(inspection)}";
        return !isProven && !UnprovenBefore.IsByTime(inspection) ? $"only the template changed, and {unproven}"
            // It would be refused like this request.
            : policy.DryRun is DryRunAnswer.Refuse
                ? $"only the template changed, and {bare}. The policy refuses the dry run that such a statement "
                    + "is made from (dryRun: Refuse), so that an approval in the cluster is the way"
            : AttestCommands.For(
                images[0],
                policy.SignedOrigin,
                $"only the template changed, and {bare}. Ask the CI job that holds the key of the role {KeyRole.SourceReview} to run: kubectl apply "
                    + $"--dry-run=server -o yaml -f FILE | deployguard attest --from {(commits is [var only] ? only : AttestAdvice.ThatRuns)} "
                    + $"--to NEW-COMMIT {AttestAdvice.Ref} --manifest - --complete --approvals FILE --key KEY --format annotation -o change.json; then "
                    + $"kubectl patch {after.Ref.KubectlName} -n {after.Ref.Namespace} --type merge --patch-file change.json, and apply FILE"
            ) + (isProven ? "" : $". Besides, {unproven}");
    }
}
