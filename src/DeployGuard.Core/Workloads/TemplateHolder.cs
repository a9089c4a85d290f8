namespace DeployGuard.Core.Workloads;

/// <summary>The object that contains a pod template. Its kind, name and uid tell which labels its controller wrote.</summary>
internal readonly record struct TemplateHolder(WorkloadKind Type, string Name, string Uid)
{
    /// <summary>For a template without an object, as in a ControllerRevision.</summary>
    public static TemplateHolder None { get; } = new(BuiltInKinds.Of("", ""), "", "");
}
