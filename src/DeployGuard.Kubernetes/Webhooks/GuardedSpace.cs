namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>What the entries of the webhooks follow: the policies, and where rollouts are under way. Every list is sorted.</summary>
/// <param name="Guarded">Namespaces in which an Enforce policy matches.</param>
/// <param name="Canaried">Of these, the ones in which such a policy asks for a canary.</param>
/// <param name="RollingOut">Of these, the ones in which a rollout of something unproven is under way.</param>
/// <param name="SelectsWorkloads">A policy selects by the labels of workloads.</param>
internal sealed record GuardedSpace(IReadOnlyList<string> Guarded, IReadOnlyList<string> Canaried, IReadOnlyList<string> RollingOut, bool SelectsWorkloads);
