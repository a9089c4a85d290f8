using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Where signed evidence could not be looked up. With <c>onUnavailable: Refuse</c>, that refuses unless people approved the revision: then
/// evidence would only have stood in for them. Where an unknown origin counts as human, evidence of AI would have asked for more, so that
/// it refuses in any case.
/// </summary>
internal static class UnavailableEvidence
{
    private const string Retry = "Retry in a minute. If it persists, contact the platform team";

    /// <summary>
    /// For the refusal of an approval that is missing; empty where everything could be read, or a finding of its own says it. Who signed
    /// evidence must not think that it does not count.
    /// </summary>
    public static string Beside(SafeguardPolicy policy, SignedEvidence signed) =>
        signed.Unavailable.Length == 0 || policy.SignedOrigin is { OnUnavailable: OnUnavailable.Refuse }
            ? ""
            : $". Signed evidence could not be read, so that none counts: {signed.Unavailable}. "
                + (signed.UnavailableRemedy.Length > 0 ? signed.UnavailableRemedy : Retry);

    public static IEnumerable<Finding> Of(Inspection inspection, SignedEvidence signed, bool isApprovalMissing)
    {
        var policy = inspection.Policy;
        var countsAsHuman = policy.UnknownOrigin is OriginKind.Human;
        // Everybody who may push can hide a sign of AI behind others: that is no failure of the registry, which a policy may forgive.
        foreach (var unread in countsAsHuman && !isApprovalMissing ? signed.Findings : [])
        {
            if (unread.Cause == Reasons.StatementUnread)
            {
                yield return unread;
            }
        }

        if (policy.SignedOrigin is not { OnUnavailable: OnUnavailable.Refuse })
        {
            yield break;
        }

        if (signed.Unavailable.Length > 0 && (isApprovalMissing || countsAsHuman))
        {
            yield return new Finding(
                Reasons.OriginUnavailable,
                "",
                $"Signed evidence could not be looked up: {signed.Unavailable}",
                signed.UnavailableRemedy.Length > 0 ? signed.UnavailableRemedy : Retry
            )
            {
                Fix = isApprovalMissing && !countsAsHuman ? Fix.Approval : Fix.Waiting,
            };
        }
        // Labels only tighten: without them, an unknown origin that counts as AI-assisted asks for everything already.
        else if (countsAsHuman && FactsOf(inspection) is { ClaimsUnavailable: { Length: > 0 } why, ClaimsRemedy: var remedy })
        {
            yield return new Finding(
                Reasons.OriginUnavailable,
                "",
                $"Labels of images could not be read: {why}",
                remedy.Length > 0 ? remedy : Retry
            )
            {
                Fix = Fix.Waiting,
            };
        }
    }

    private static SignedFacts? FactsOf(Inspection inspection) =>
        inspection.Cluster.SignedFacts.FirstOrDefault(f => f.Policy == inspection.Policy.Name);
}
