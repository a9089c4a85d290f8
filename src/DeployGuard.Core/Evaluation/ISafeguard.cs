using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// One rule, with everything that the evaluator needs to know about it: the changes that it applies to, its required reads, whether a
/// BreakGlass may waive it, its summary. Pure: no clock, I/O or logger, and of the cluster only the snapshot. The defaults suit a rule on
/// new revisions.
/// </summary>
internal interface ISafeguard
{
    /// <summary>Its name in metrics, records and <c>BreakGlass.spec.waives</c>.</summary>
    string Name { get; }

    /// <summary>Whether a BreakGlass may waive its findings.</summary>
    bool IsWaivable { get; }

    /// <summary>Whether its refusals count as refused exposure of unproven revisions, in the metric of that name.</summary>
    bool LimitsExposure => false;

    /// <summary>
    /// How its findings count for a type of change. Rollbacks must stay possible, so only rules against the harm of a rollback apply to
    /// them.
    /// </summary>
    Severity SeverityOf(ChangeType type) =>
        type is ChangeType.NewRevision or ChangeType.MoreExposure ? Severity.AsPolicySays : Severity.None;

    /// <summary>All findings in a change of a type that the rule applies to; none if its block of the policy is absent.</summary>
    IEnumerable<Finding> Inspect(Inspection inspection);

    /// <summary>Notes for the requester of an admitted change. They are no findings, and no metric counts them.</summary>
    IEnumerable<string> Notes(Inspection inspection) => [];

    /// <summary>
    /// What stands in for something that the rule requires of an admitted new revision, for the record: <c>a run of cronjob/report,
    /// ...</c>.
    /// </summary>
    IEnumerable<string> Basis(Inspection inspection) => [];

    /// <summary>What signed evidence says of a new revision, for the count between requests; null if nothing was looked up.</summary>
    SignedBacking? Backing(Inspection inspection) => null;

    /// <summary>Whether the rule warns before its policy becomes active.</summary>
    bool Announces(SafeguardPolicy policy) => false;

    /// <summary>The findings before its policy is active. They only warn.</summary>
    IEnumerable<Finding> Announce(Inspection inspection) => [];

    /// <summary>Parts of the snapshot that it uses for this change, under any mode.</summary>
    SnapshotParts Parts(EvaluatedRequest evaluated, SafeguardPolicy policy) => SnapshotParts.None;

    /// <summary>The live reads and reservations that an Enforce policy requires before the decision.</summary>
    Requirements Requires(Inspection inspection) => Requirements.None;

    /// <summary>
    /// Unproven pods that the change adds under an Enforce policy. Other replicas must know of them before it is admitted.
    /// </summary>
    IEnumerable<PendingExposure> Exposes(Inspection inspection) => [];

    /// <summary>
    /// What the policy requires of a new revision, in a few words for approvers; null if the rule's block is absent or off.
    /// </summary>
    string? Summarise(SafeguardPolicy policy);
}

/// <summary>How a rule's findings count for a type of change.</summary>
internal enum Severity
{
    /// <summary>The rule does not apply.</summary>
    None,

    /// <summary>They warn, also under Enforce.</summary>
    WarnAtMost,

    /// <summary>The mode of the policy decides.</summary>
    AsPolicySays,
}
