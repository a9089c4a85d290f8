using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>How a request gets a statement that names its template.</summary>
internal static class TemplateAdvice
{
    /// <summary>Whether the policy lets anybody make one: with a key that it trusts, from a dry run.</summary>
    public static bool IsPossible(SafeguardPolicy policy) =>
        policy.DryRun is not DryRunAnswer.Refuse && policy.SignedOrigin?.Roles.Contains(KeyRole.SourceReview) is true;

    /// <summary>For a request with a new image: the statement is put beside that.</summary>
    /// <param name="asked">The template of the request.</param>
    /// <param name="image">A new image, and what is proven of it.</param>
    /// <param name="hasCommand">Whether what else is missing has the command already.</param>
    /// <returns>Verb first, without a full stop; empty if the policy leaves no way to make one.</returns>
    public static string WithImage(Inspection inspection, Workload asked, (string Name, ImageProvenance? Proven) image, bool hasCommand)
    {
        var (policy, proven) = (inspection.Policy, image.Proven);
        if (policy.SignedOrigin is not { } origin || !IsPossible(policy))
        {
            return "";
        }

        var reviewed = new ReviewedTemplate($"{asked.Ref}", asked.Template.Hash);
        var stated = proven?.StatedTemplates ?? [];
        var what =
            stated.FirstOrDefault(s => s.Template == reviewed) is { } some && some.Keys < origin.ReviewThreshold
                ? $"the job with another key attest this template too: {some.Keys} of {origin.ReviewThreshold} keys of the role "
                    + $"{KeyRole.SourceReview} name it"
            : stated.FirstOrDefault(s => s.Template.Workload == reviewed.Workload && s.Template != reviewed) is { Template: var other }
                ? $"the CI job attest this very template: its hash is {SignedEvidence.Short(reviewed.Hash)}, and the statement names "
                    + SignedEvidence.Short(other.Hash)
            : stated.FirstOrDefault(s => s.Template != reviewed) is { Template: var elsewhere }
                ? $"the CI job attest the template of {reviewed.Workload}: the statement names that of {VisibleText.Inline(elsewhere.Workload)}"
            : "the CI job attest this template too";
        return $"have {what}{(hasCommand ? "" : $" ({CommandOf(asked, image.Name, proven, origin, inspection)})")}";
    }

    private static string CommandOf(Workload asked, string image, ImageProvenance? proven, SignedOrigin origin, Inspection inspection)
    {
        var from = inspection.Evaluated is { Before: null, LiveHash: null }
            ? AttestAdvice.NoCommit
            : AttestAdvice.From(proven?.Running ?? []);
        return AttestCommands.For(
            image,
            origin,
            AttestAdvice.TemplateCommand(
                asked.Ref.Namespace,
                from,
                proven?.Head?.Commit ?? AttestAdvice.New,
                $"--push {AttestAdvice.Beside}"
            )
        );
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
        var command = AttestAdvice.TemplateCommand(workload.Namespace, from, AttestAdvice.New, "--format annotation -o change.json");
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
