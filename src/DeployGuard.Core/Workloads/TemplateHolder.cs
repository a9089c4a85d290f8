namespace DeployGuard.Core.Workloads;

/// <summary>The object that has a pod template: what its controller wrote into the template depends on it.</summary>
internal readonly record struct TemplateHolder(WorkloadKind Type, string Name, string Uid)
{
    /// <summary>For a template that stands by itself, as in a ControllerRevision.</summary>
    public static TemplateHolder None { get; } = new(BuiltInKinds.Of("", ""), "", "");
}
