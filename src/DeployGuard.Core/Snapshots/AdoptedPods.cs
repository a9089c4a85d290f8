namespace DeployGuard.Core.Snapshots;

/// <summary>The pods that a policy adopted in a namespace.</summary>
/// <param name="At">Creation time of the newest object at the adoption, by the clock of the API server.</param>
/// <param name="Pods">Names of the unattributed pods.</param>
public sealed record AdoptedPods(DateTimeOffset At, IReadOnlySet<string> Pods)
{
    /// <summary>A pod that was relabelled or released by its owner later is not included, nor is a later pod of the same name.</summary>
    public bool Includes(LivePod pod) => pod.CreatedAt <= At && Pods.Contains(pod.Name);
}
