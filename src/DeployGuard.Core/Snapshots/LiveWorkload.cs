using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>A workload as the cluster has it: what its spec asks for, and what its controller says of its pods.</summary>
public sealed record LiveWorkload
{
    public required Workload Spec { get; init; }

    /// <summary>Its controller has seen the newest spec.</summary>
    public bool IsObserved { get; init; } = true;

    /// <summary>StatefulSet: names of the ControllerRevisions before and after the rollout under way; the same where there is none.</summary>
    public (string Old, string New) Revisions { get; init; } = ("", "");

    /// <summary>StatefulSet and DaemonSet: pods on the newest revision, as its controller last counted them.</summary>
    public int UpdatedPods { get; init; }

    /// <summary>Pods that are ready; null where nobody counted.</summary>
    public int? ReadyPods { get; init; }

    /// <summary>Pods that a request takes away, and that its controller makes up for by the newest revision.</summary>
    internal int Replaced { get; init; }
}

/// <summary>A ControllerRevision: a revision that a StatefulSet or DaemonSet can go back to.</summary>
/// <param name="Number">Counts up with every revision of its owner.</param>
/// <param name="PodLabel">The value of <c>controller-revision-hash</c> on its pods.</param>
public sealed record LiveRevision(string Name, string ControllerUid, PodTemplate Template, long Number, string PodLabel)
{
    /// <summary>On pods it names their revision; on a DaemonSet's revisions, the value that their pods carry.</summary>
    public const string Label = "controller-revision-hash";

    public string Uid { get; init; } = "";

    /// <summary>With the claims of its owner, where it has some; the template's own otherwise.</summary>
    public string TemplateHash { get; init; } = Template.Hash;

    public IReadOnlyList<string> Images => Template.ImageNames;
}
