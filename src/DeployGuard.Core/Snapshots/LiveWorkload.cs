using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>An observed workload: its spec, and the pod counts of its controller.</summary>
public sealed record LiveWorkload
{
    public required Workload Spec { get; init; }

    /// <summary>Its controller has observed the newest spec.</summary>
    public bool IsObserved { get; init; } = true;

    /// <summary>StatefulSet: names of the ControllerRevisions before and after the current rollout; equal if there is none.</summary>
    public (string Old, string New) Revisions { get; init; } = ("", "");

    /// <summary>StatefulSet and DaemonSet: pods on the newest revision, by the controller's last count.</summary>
    public int UpdatedPods { get; init; }

    /// <summary>Ready pods; null if not counted.</summary>
    public int? ReadyPods { get; init; }

    /// <summary>Pods that a request deletes, and that the controller replaces from the newest revision.</summary>
    internal int ReplacedPods { get; init; }
}

/// <summary>A ControllerRevision: a revision that a StatefulSet or DaemonSet can roll back to.</summary>
/// <param name="Number">Increases with every revision of its owner.</param>
/// <param name="PodLabel">The value of the label <c>controller-revision-hash</c> on its pods.</param>
public sealed record LiveRevision(string Name, string ControllerUid, PodTemplate Template, long Number, string PodLabel)
{
    /// <summary>On pods, the label names their revision. On a DaemonSet's ControllerRevisions, it has the value of their pods.</summary>
    public const string Label = "controller-revision-hash";

    public string Uid { get; init; } = "";

    /// <summary>The hash together with its owner's volume claim templates, if it has some; otherwise the template's own hash.</summary>
    public string TemplateHash { get; init; } = Template.Hash;

    public IReadOnlyList<string> Images => Template.ImageNames;
}
