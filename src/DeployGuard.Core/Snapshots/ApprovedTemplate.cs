using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Snapshots;

/// <summary>A revision of the workload that was approved and not admitted yet.</summary>
/// <param name="Change">Its name on record.</param>
/// <param name="Approvers">User names.</param>
/// <param name="Template">Null where it is not on record, or could not be read in time.</param>
public sealed record ApprovedTemplate(string Change, IReadOnlyList<string> Approvers, RecordedTemplate? Template);
