namespace DeployGuard.Core.Workloads;

/// <summary>Who an object says it belongs to. A claim: its author writes it, and it proves nothing until the owner was found and agrees.</summary>
public sealed record OwnerReference(string ApiVersion, string Kind, string Name, string Uid, bool IsController);
