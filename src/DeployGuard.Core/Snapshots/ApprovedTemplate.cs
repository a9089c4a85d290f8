using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Snapshots;

/// <summary>A revision of the workload that was approved and not yet admitted.</summary>
/// <param name="Change">Name of its Change.</param>
/// <param name="Approvers">User names.</param>
/// <param name="Template">Null if it was not recorded, or could not be read in time.</param>
public sealed record ApprovedTemplate(string Change, IReadOnlyList<string> Approvers, RecordedTemplate? Template);
