namespace DeployGuard.Core.Snapshots;

/// <summary>What served in a namespace when a policy adopted it.</summary>
/// <param name="At">When the newest object was made that was there, by the clock of the API server.</param>
/// <param name="Pods">Names of the pods for which no owner stood.</param>
public sealed record AdoptedPods(DateTimeOffset At, IReadOnlySet<string> Pods)
{
    /// <summary>A pod that was given labels since, or let go by its owner, was not among them; nor was one that took the name of one that was.</summary>
    public bool Includes(LivePod pod) => pod.CreatedAt <= At && Pods.Contains(pod.Name);
}
