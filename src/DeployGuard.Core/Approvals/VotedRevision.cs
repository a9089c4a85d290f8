using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>The revision for which votes are counted: one that is requested now, or one on record.</summary>
/// <param name="Workload">The workload that would run it.</param>
/// <param name="TemplateHash">As in <see cref="Approval.TemplateHash"/>.</param>
/// <param name="Images">All its images, as the template names them.</param>
public sealed record VotedRevision(WorkloadRef Workload, string TemplateHash, IReadOnlyList<string> Images)
{
    /// <summary>
    /// Its images that are neither in the running revision nor in a completed one. Only <c>covers: Images</c> asks for them.
    /// </summary>
    public IReadOnlyList<string> NewImages { get; init; } = [];

    /// <summary>User name of the requester for whom the votes are counted; empty for a revision that nobody requested.</summary>
    public string Requester { get; init; } = "";

    /// <summary>User names of all requesters, compared as written: their approval does not count.</summary>
    public IReadOnlySet<string> Requesters { get; init; } = new HashSet<string>();

    /// <summary>Named authors. A claim must not pass by a capital letter, so letter case makes no difference.</summary>
    public IReadOnlySet<string> Authors { get; init; } = new HashSet<string>();

    /// <summary>Reviews of this revision in signed statements.</summary>
    public IReadOnlyList<SignedReview> Reviews { get; init; } = [];

    /// <summary>Signed summaries that the policy counts as a review; null if there are none.</summary>
    public SignedSummary? Summary { get; init; }

    /// <summary>Whether an approval is for this revision under the rules.</summary>
    public bool IsApprovedBy(Approval approval, ApprovalRules rules) =>
        approval.Workload == Workload
        && (
            approval.TemplateHash == TemplateHash
            || (rules.Covers is ApprovalCovers.Images && NewImages.Count > 0 && NewImages.All(approval.Images.Contains))
        );

    /// <summary>
    /// Whether a rejection is about this revision under the rules: a new image is rejected for every revision that has it.
    /// </summary>
    public bool IsRejectedBy(Approval rejection, ApprovalRules rules) =>
        rejection.IsAbout(Workload, h => h == TemplateHash, Images)
        || (rejection.Workload == Workload && rules.Covers is ApprovalCovers.Images && rejection.Images.Any(NewImages.Contains));
}
