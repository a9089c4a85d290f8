using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Safeguards;

/// <summary>How a request gets a statement that names its template.</summary>
internal static class TemplateAdvice
{
    /// <summary>Whether the policy lets anybody make one: with a key that it trusts, from a dry run.</summary>
    public static bool IsPossible(SafeguardPolicy policy) =>
        policy.DryRun is not DryRunAnswer.Refuse && policy.SignedOrigin?.Roles.Contains(KeyRole.SourceReview) is true;

    /// <summary>For a request with a new image: the statement is put beside that.</summary>
    /// <returns>In brackets, to follow what is asked for.</returns>
    public static string Command(Inspection inspection, string image, ImageProvenance? proven)
    {
        var chain = proven?.Chain ?? [];
        var start = chain.Select(l => l.BaseCommit).Except(chain.Select(l => l.HeadCommit)).FirstOrDefault();
        var from = start ?? (inspection.Evaluated is { Before: null, LiveHash: null } ? AttestAdvice.NoCommit : AttestAdvice.ThatRuns);
        var command = AttestAdvice.TemplateCommand(from, proven?.Head?.Commit ?? AttestAdvice.New, $"--push {AttestAdvice.Beside}");
        return $"({AttestCommands.For(image, inspection.Policy.SignedOrigin, command)})";
    }

    /// <summary>For a request of a template alone: no registry is asked then, so that it brings the statement along.</summary>
    /// <param name="image">One of the template, which runs already.</param>
    /// <param name="commits">Of what runs.</param>
    /// <returns>A sentence without a full stop.</returns>
    public static string WhereItIsAlone(Inspection inspection, string image, IReadOnlyList<string> commits)
    {
        var policy = inspection.Policy;
        if (policy.SignedOrigin is not { } origin || inspection.Evaluated.After is not { Ref: var workload })
        {
            return "";
        }

        var from = commits is [var only] ? only : AttestAdvice.ThatRuns;
        var command = AttestAdvice.TemplateCommand(from, AttestAdvice.New, "--format annotation -o change.json");
        // One annotation holds one statement.
        var others =
            origin.ReviewThreshold > 1
                ? $"; {origin.ReviewThreshold - 1} more with another key of this role, with --push {AttestAdvice.Beside} in place of --format "
                    + "annotation"
                : "";
        return AttestCommands.For(
            image,
            origin,
            $"Ask the CI job that holds the key of the role {KeyRole.SourceReview} to run: {command}{others}; then kubectl patch "
                + $"{workload.KubectlName} -n {workload.Namespace} --type merge --patch-file change.json, and apply MANIFEST"
        );
    }
}
