using System.Text.Json.Serialization;

namespace DeployGuard.Core.Workloads;

/// <summary>Identifies one workload. <paramref name="ApiGroup"/> is empty for the core group, as in an AdmissionReview.</summary>
public sealed record WorkloadRef(string ApiGroup, string Kind, string Namespace, string Name)
{
    /// <summary>The descriptor of its kind. For a custom kind, <see cref="WorkloadKinds"/> has its template path.</summary>
    [JsonIgnore]
    public WorkloadKind Type => BuiltInKinds.Of(ApiGroup, Kind);

    /// <summary>As an argument of kubectl: <c>deployment/web</c>, or for a custom kind <c>Rollout.argoproj.io/web</c>.</summary>
    public string KubectlName =>
        !Type.IsBuiltInWorkload && ApiGroup.Length > 0 ? $"{Kind}.{ApiGroup}/{Name}" : $"{Kind.ToLowerInvariant()}/{Name}";

    /// <summary>As messages name it: <c>Deployment shop/web</c>.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}
