using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Evaluation;

/// <summary>Findings of the evaluator itself, which belong to no safeguard.</summary>
internal static class EvaluatorFindings
{
    /// <summary>
    /// Stands in the place of a safeguard in metrics, logs and Changes. The value is kept, because alerts of users and stored Changes may
    /// contain it.
    /// </summary>
    public const string SafeguardLabel = "Guard";

    public static Violation Escape(Request request, SafeguardPolicy policy) =>
        new(
            policy.Name,
            Inspection.ModeOf(policy, request),
            SafeguardLabel,
            new Finding(
                Reasons.PolicyScopeEscape,
                "metadata.labels",
                $"with these labels {request.Target} would leave policy {policy.Name}",
                "Keep the labels, or ask a user with the verb exempt to change them: kubectl auth can-i exempt "
                    + $"safeguardpolicies/{policy.Name}"
            )
        );

    public static Finding Invalid(SafeguardPolicy policy) =>
        new(
            Reasons.PolicyInvalid,
            "",
            $"policy {policy.Name} cannot be read: {string.Join("; ", policy.Errors)}",
            $"Ask the platform team to fix it: kubectl edit safeguardpolicy {policy.Name}"
        );

    public static Finding NotUnderstood(EvaluatedRequest evaluated)
    {
        var target = evaluated.Request.Target;
        var why = evaluated.Because;
        return evaluated.Classification.Obstacle switch
        {
            Obstacle.ScalingAnnotations => new Finding(Reasons.ControllerOnly, "metadata.annotations", why, "Change the Deployment itself"),
            Obstacle.RevisionLabel => new Finding(
                Reasons.ControllerOnly,
                "metadata.labels",
                why,
                "Keep the label, and change other labels to take the pod out of its Service or controller"
            ),
            Obstacle.TextNotUtf8 => new Finding(Reasons.TextNotUtf8, "", why, "Write the manifest in UTF-8, without the character U+FFFD"),
            Obstacle.RestartTime => new Finding(
                Reasons.RestartTimeInvalid,
                "spec.template.metadata.annotations",
                why,
                $"Restart it with: kubectl rollout restart {target.KubectlName} -n {target.Namespace}"
            ),
            Obstacle.ControllerRevision => new Finding(Reasons.ControllerOnly, "", why, "Change the StatefulSet or DaemonSet itself"),
            Obstacle.NoTemplatePath => new Finding(
                Reasons.KindUnknown,
                "",
                why,
                "Ask the platform team to add the kind to the chart's workloadKinds, or to remove it from the webhook's rules"
            ),
            _ => throw new InvalidOperationException($"unknown obstacle {evaluated.Classification.Obstacle}"),
        };
    }
}
