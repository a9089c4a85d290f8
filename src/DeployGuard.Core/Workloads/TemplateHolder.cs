namespace DeployGuard.Core.Workloads;

/// <summary>The object that has a pod template: what its controller wrote into the template depends on it.</summary>
/// <param name="Kind">Empty for a template that stands by itself, as in a ControllerRevision.</param>
internal readonly record struct TemplateHolder(string ApiGroup, string Kind, string Name, string Uid)
{
    public static TemplateHolder None { get; } = new("", "", "", "");

    public bool IsPod => this is { ApiGroup: "", Kind: "Pod" };

    public bool IsReplicaSet => this is { ApiGroup: "apps", Kind: "ReplicaSet" };

    public bool IsJob => this is { ApiGroup: "batch", Kind: "Job" };

    public bool IsStatefulSet => this is { ApiGroup: "apps", Kind: "StatefulSet" };
}
