using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// One rule, with all that the evaluator has to know of it: to which changes it applies, what it needs, whether a BreakGlass may waive it, how
/// it is summarised. Pure: no clock, no I/O, no logger, nothing of the cluster but the snapshot. The defaults suit a rule on new revisions.
/// </summary>
internal interface ISafeguard
{
    /// <summary>As metrics, records and <c>BreakGlass.spec.waives</c> name it.</summary>
    string Name { get; }

    /// <summary>A BreakGlass may waive its findings.</summary>
    bool IsWaivable { get; }

    /// <summary>How its findings count for a type of change. The way back stays open: only what can do harm there too applies to rollbacks.</summary>
    Severity SeverityOf(ChangeType type) => type is ChangeType.NewRevision or ChangeType.MoreExposure ? Severity.AsPolicySays : Severity.None;

    /// <summary>Everything that the rule finds in a change of a type that it applies to; nothing where its block of the policy is absent.</summary>
    IEnumerable<Finding> Inspect(Inspection inspection);

    /// <summary>What the requester should know of a change that passes: no finding, counted nowhere.</summary>
    IEnumerable<string> Notes(Inspection inspection) => [];

    /// <summary>The rule says something of changes before its policy becomes active.</summary>
    bool Announces(SafeguardPolicy policy) => false;

    /// <summary>What it says then. Never more than a warning.</summary>
    IEnumerable<Finding> Announce(Inspection inspection) => [];

    /// <summary>Parts of the snapshot that it looks at for this change, under any mode.</summary>
    SnapshotParts Parts(EvaluatedRequest evaluated, SafeguardPolicy policy) => SnapshotParts.None;

    /// <summary>What must be read live and reserved before an Enforce policy decides.</summary>
    Requirements Requires(Inspection inspection) => Requirements.None;

    /// <summary>Pods that the change would be admitted with under an Enforce policy, and that other replicas must know of before.</summary>
    IEnumerable<PendingExposure> Exposes(Inspection inspection) => [];

    /// <summary>What the policy requires of a new revision, in a few words for approvers; null where the rule's block is absent or off.</summary>
    string? Summarise(SafeguardPolicy policy);
}

/// <summary>How a rule's findings count for a type of change.</summary>
internal enum Severity
{
    /// <summary>The rule does not apply.</summary>
    None,

    /// <summary>Under Enforce they warn.</summary>
    WarnAtMost,

    /// <summary>By the mode of the policy.</summary>
    AsPolicySays,
}
