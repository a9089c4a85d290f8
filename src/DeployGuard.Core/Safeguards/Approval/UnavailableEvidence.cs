using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Where signed evidence could not be looked up. With <c>onUnavailable: Refuse</c>, that refuses unless people approved the revision: then
/// evidence would only have stood in for them. Where an unknown origin counts as human, evidence of AI would have asked for more, so that
/// it refuses in any case.
/// </summary>
internal static class UnavailableEvidence
{
    public static IEnumerable<Finding> Of(Inspection inspection, SignedEvidence signed, bool isApprovalMissing)
    {
        var policy = inspection.Policy;
        return
            signed.Unavailable.Length > 0
            && policy.SignedOrigin is { OnUnavailable: OnUnavailable.Refuse }
            && (isApprovalMissing || policy.UnknownOrigin is OriginKind.Human)
            ?
            [
                new Finding(
                    Reasons.OriginUnavailable,
                    "",
                    $"Signed evidence could not be looked up: {signed.Unavailable}",
                    "Retry in a minute: the lookup goes on. If it persists, contact the platform team"
                )
                {
                    Fix = isApprovalMissing && policy.UnknownOrigin is not OriginKind.Human ? Fix.Approval : Fix.Waiting,
                },
            ]
            : [];
    }
}
