using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The safeguards, in the order in which their findings are reported. A new one is a folder beside this file and one line here.
/// </summary>
public static class SafeguardList
{
    internal static IReadOnlyList<ISafeguard> All { get; } =
    [new ImagePinning(), new ApprovalSafeguard(), new Canary(), new Pace(), new Budget(), new Freeze()];

    /// <summary>The evaluator with all of them.</summary>
    public static PolicyEvaluator Evaluator(TrustedControllers trusted) => new(trusted, All);

    /// <summary>
    /// What a policy requires of a new revision, in one line for approvers, such as <c>senior-engineers 1, directors 1 within 72h; canary
    /// 5, 25, 50% of 10m each, or pace 25%</c>; <c>nothing</c> if every block is off.
    /// </summary>
    public static string Summarise(SafeguardPolicy policy)
    {
        var all = All.Select(s => s.Summarise(policy)).OfType<string>().ToList();
        return all.Count == 0 ? "nothing" : string.Join("; ", all);
    }
}
