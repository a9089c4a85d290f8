namespace DeployGuard.Cluster.Leader;

/// <summary>Something that one replica does for all: brings the cluster one step closer to what it should be, and can be asked again at any time.</summary>
internal interface ILeaderTask
{
    /// <summary>For logs.</summary>
    string Name { get; }

    Task RunAsync(CancellationToken cancel);
}
