using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Replay;

/// <summary>All inputs of a verdict as one value: evaluated again with the same trusted controllers, it gives the same verdict.</summary>
public sealed record EvaluationInput(Request Request, ClusterSnapshot Cluster, DateTimeOffset Now);
