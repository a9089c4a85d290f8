using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli;

/// <summary>A kind that safeguards can be about, and where the API server has its objects.</summary>
/// <param name="ApiVersion">Group and version, or <c>v1</c>.</param>
/// <param name="Resource">Plural, as in paths.</param>
/// <param name="OtherNames">Short names and the singular.</param>
internal sealed record GuardedKind(string ApiGroup, string ApiVersion, string Kind, string Resource, IReadOnlyList<string> OtherNames)
{
    /// <summary>The built-in workloads in the order of messages, then Service: it decides which pods serve its users.</summary>
    public static IReadOnlyList<GuardedKind> BuiltIn { get; } =
    [
        .. BuiltInKinds
            .All.Where(k => k.IsBuiltInWorkload)
            .Select(k => new GuardedKind(k.ApiGroup, k.ApiVersion, k.Name, k.Resource, [k.ShortName])),
        new("", "v1", "Service", "services", ["svc"]),
    ];

    /// <summary>Plural with group, as kubectl takes it: <c>deployments</c>, <c>rollouts.argoproj.io</c>.</summary>
    public string KubectlResource => BuiltIn.Contains(this) ? Resource : $"{Resource}.{ApiGroup}";

    public bool IsNamed(string name) =>
        name.Equals(Kind, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Resource, StringComparison.OrdinalIgnoreCase)
        || (name.Length > 0 && OtherNames.Contains(name, StringComparer.OrdinalIgnoreCase));

    public WorkloadRef Named(string @namespace, string name) => new(ApiGroup, Kind, @namespace, name);

    public string PathOf(string @namespace, string name) =>
        ApiPaths.One(ApiPaths.Resource(ApiVersion, Resource, Uri.EscapeDataString(@namespace)), name);
}
