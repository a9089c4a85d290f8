namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Work that one replica does for all: one step towards the wanted state of the cluster, and safe to run again at any time.
/// </summary>
internal interface ILeaderTask
{
    /// <summary>How long the leader waits if nothing changes.</summary>
    static readonly TimeSpan Round = TimeSpan.FromSeconds(5);

    /// <summary>For logs.</summary>
    string Name { get; }

    /// <summary>How soon it must run again if nothing changes, as of its last run.</summary>
    TimeSpan RunsAgainIn => Round;

    Task RunAsync(CancellationToken cancel);
}
