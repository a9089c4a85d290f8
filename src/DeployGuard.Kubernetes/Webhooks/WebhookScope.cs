namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>The namespaces that the webhook entries depend on. Every list is sorted.</summary>
/// <param name="Guarded">Namespaces in which an Enforce policy matches.</param>
/// <param name="Approving">Those of them in which such a policy requires approvals.</param>
/// <param name="Canaried">Those of them in which such a policy requires a canary.</param>
/// <param name="RollingOut">Those of them with a rollout of an unproven revision in progress.</param>
/// <param name="SelectsWorkloads">A policy selects workloads by their labels.</param>
internal sealed record WebhookScope(
    IReadOnlyList<string> Guarded,
    IReadOnlyList<string> Approving,
    IReadOnlyList<string> Canaried,
    IReadOnlyList<string> RollingOut,
    bool SelectsWorkloads
);
