namespace DeployGuard.Core.Workloads;

/// <summary>Where each kind keeps its pod template. One table; more kinds can be given when it is made.</summary>
public sealed class WorkloadKinds(IEnumerable<KeyValuePair<(string ApiGroup, string Kind), string>> more)
{
    private readonly Dictionary<(string ApiGroup, string Kind), string> _templatePaths = new(more)
    {
        [("apps", "Deployment")] = "spec.template",
        [("apps", "StatefulSet")] = "spec.template",
        [("apps", "DaemonSet")] = "spec.template",
        [("apps", "ReplicaSet")] = "spec.template",
        [("", "ReplicationController")] = "spec.template",
        [("batch", "Job")] = "spec.template",
        [("batch", "CronJob")] = "spec.jobTemplate.spec.template",
        // A pod is its own template.
        [("", "Pod")] = "",
    };

    public static WorkloadKinds BuiltIn { get; } = new([]);

    /// <summary>The built-in kinds, which nobody can redefine, and custom ones.</summary>
    public static WorkloadKinds With(IEnumerable<CustomKind> custom) =>
        new(custom.Select(k => KeyValuePair.Create((k.ApiGroup, k.Kind), k.TemplatePath)));

    /// <summary>Kinds as objects spell them.</summary>
    public IEnumerable<string> Names => _templatePaths.Keys.Select(k => k.Kind);

    /// <summary>Group and kind of what people call <c>deployment</c>; null if no kind is called that.</summary>
    public (string ApiGroup, string Kind)? Find(string name)
    {
        var found = _templatePaths.Keys.Where(k => k.Kind.Equals(name, StringComparison.OrdinalIgnoreCase)).ToList();
        return found.Count == 1 ? found[0] : null;
    }

    /// <summary>Path of the pod template, segments separated by dots, empty for the object itself; null if the kind is not known.</summary>
    public string? TemplatePath(string apiGroup, string kind)
    {
        // Kinds that moved to apps and batch were served by extensions before; a conversion may still send them under that name.
        var group = apiGroup == "extensions" ? "apps" : apiGroup;
        return _templatePaths.GetValueOrDefault((group, kind));
    }
}
