using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Safeguards;

/// <summary>The safeguards, in the order in which their findings are reported. A new one is one file and one line here.</summary>
internal static class SafeguardList
{
    public static readonly IReadOnlyList<ISafeguard> All =
    [
        new ImagePinning(),
        new ApprovalSafeguard(),
        new Canary(),
        new Pace(),
        new Budget(),
        new Freeze(),
    ];
}
