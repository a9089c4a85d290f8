using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Replay;

/// <summary>Everything that a verdict rests on, as one value: who evaluates it again, with the same trusted controllers, comes to the same verdict.</summary>
public sealed record EvaluationInput(Request Request, ClusterSnapshot Cluster, DateTimeOffset Now);
