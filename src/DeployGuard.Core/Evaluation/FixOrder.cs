using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// The findings of one answer in the order in which they are fixed. If only another template fixes one of them, an approval of this
/// revision would be lost: the approval is then asked for later.
/// </summary>
internal static class FixOrder
{
    /// <param name="approveBy">Where no approval can count, the remedy says so, and stays.</param>
    public static IReadOnlyList<Violation> Of(IEnumerable<Violation> findings, ApproveBy approveBy)
    {
        var all = findings.ToList();
        var first = all.Where(f => f.Finding.Fix is Fix.Template).Select(f => f.Finding.Reason).Distinct().ToList();
        return first.Count == 0
            ? all
            : [.. all.OrderBy(f => f.Finding.Fix is Fix.Template ? 0 : 1).Select(f => approveBy is ApproveBy.Never ? f : Later(f, first))];
    }

    private static Violation Later(Violation violation, IReadOnlyList<string> first) =>
        violation.Finding.Cause != Reasons.ApprovalMissing
            ? violation
            : violation with
            {
                Finding = violation.Finding with
                {
                    Remedy =
                        $"First fix {string.Join(" and ", first)}: that makes another revision, and an approval counts for one revision "
                        + "only. Then request the new revision: the answer has the command to approve it",
                },
            };
}
