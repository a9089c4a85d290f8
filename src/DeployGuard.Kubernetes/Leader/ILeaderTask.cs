namespace DeployGuard.Kubernetes.Leader;

/// <summary>Something that one replica does for all: brings the cluster one step closer to what it should be, and can be asked again at any time.</summary>
internal interface ILeaderTask
{
    /// <summary>How long the leader waits where nothing changes.</summary>
    static readonly TimeSpan Round = TimeSpan.FromSeconds(5);

    /// <summary>For logs.</summary>
    string Name { get; }

    /// <summary>How soon it must run again if nothing changes, as of its last run.</summary>
    TimeSpan RunsAgainIn => Round;

    Task RunAsync(CancellationToken cancel);
}
