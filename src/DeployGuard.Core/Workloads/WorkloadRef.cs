using System.Text.Json.Serialization;

namespace DeployGuard.Core.Workloads;

/// <summary>Names one workload. <paramref name="ApiGroup"/> is empty for the core group, as in an AdmissionReview.</summary>
public sealed record WorkloadRef(string ApiGroup, string Kind, string Namespace, string Name)
{
    /// <summary>What is known of its kind. Of a custom kind that is little: <see cref="WorkloadKinds"/> knows where its template is.</summary>
    [JsonIgnore]
    public WorkloadKind Type => BuiltInKinds.Of(ApiGroup, Kind);

    /// <summary>As kubectl takes it on the command line: <c>deployment/web</c>, or of a custom kind <c>Rollout.argoproj.io/web</c>.</summary>
    public string KubectlName => !Type.IsBuiltInWorkload && ApiGroup.Length > 0 ? $"{Kind}.{ApiGroup}/{Name}" : $"{Kind.ToLowerInvariant()}/{Name}";

    /// <summary>As messages name it: <c>Deployment shop/web</c>.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}
