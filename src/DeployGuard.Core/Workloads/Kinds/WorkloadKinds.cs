namespace DeployGuard.Core.Workloads;

/// <summary>The kinds whose pod templates can be read: the built-in ones, which cannot be redefined, and the configured ones.</summary>
public sealed class WorkloadKinds
{
    private readonly Dictionary<(string ApiGroup, string Kind), WorkloadKind> _kinds;

    private WorkloadKinds(IEnumerable<CustomKind> custom)
    {
        _kinds = custom.ToDictionary(k => (k.ApiGroup, k.Kind), k => k.Describe());
        foreach (var kind in BuiltInKinds.All.Where(k => k.IsBuiltInWorkload))
        {
            _kinds[(kind.ApiGroup, kind.Name)] = kind;
        }
    }

    public static WorkloadKinds BuiltIn { get; } = new([]);

    /// <summary>The built-in kinds and custom ones.</summary>
    /// <exception cref="ArgumentException">Two custom kinds have the same group and name.</exception>
    public static WorkloadKinds With(IEnumerable<CustomKind> custom) => new(custom);

    /// <summary>The names of the kinds as in objects.</summary>
    public IEnumerable<string> Names => _kinds.Values.Select(k => k.Name);

    /// <summary>The kind for a name in any case, such as <c>deployment</c>; null if none or several match.</summary>
    public WorkloadKind? Find(string name)
    {
        var found = _kinds.Values.Where(k => k.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).ToList();
        return found.Count == 1 ? found[0] : null;
    }

    /// <summary>
    /// Path of the pod template, separated by dots; empty if the object is the template itself; null if the kind is unknown.
    /// </summary>
    public string? TemplatePath(string apiGroup, string kind) =>
        _kinds.GetValueOrDefault((BuiltInKinds.CurrentGroup(apiGroup), kind))?.TemplatePath;
}
