namespace DeployGuard.Core.Policies;

/// <summary>What a policy applies to now.</summary>
/// <param name="Namespaces">Names, sorted.</param>
/// <param name="Workloads">Workloads in them that the policy matches and no controller made; pods without an owner are not counted.</param>
public sealed record PolicyReach(IReadOnlyList<string> Namespaces, int Workloads)
{
    public static readonly PolicyReach Nothing = new([], 0);

    /// <summary>Workloads in these namespaces, also those that the policy does not match.</summary>
    public int Present { get; init; } = Workloads;

    /// <summary>Namespaces that the policy selects and no policy guards, such as <c>kube-system</c>; sorted.</summary>
    public IReadOnlyList<string> Exempted { get; init; } = [];
}
