using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>Whether the owner that an object names exists.</summary>
internal enum OwnerIs
{
    /// <summary>It exists, with that uid.</summary>
    There,

    /// <summary>It does not exist, or another object has its name.</summary>
    NotThere,

    /// <summary>DeployGuard may not read its kind.</summary>
    NotReadable,
}

/// <summary>
/// Looks up owners, in the background of requests: built-in kinds in the caches, Pods and the chart's workloadKinds by a read.
/// </summary>
internal sealed class OwnerLookup(ApiConnection api, ClusterCaches caches, CustomWorkloads custom, ClusterOptions options)
{
    /// <param name="namespace">Of the object that names it: an owner is in the same one.</param>
    public async Task<OwnerIs> FindAsync(string @namespace, OwnerReference owner, CancellationToken cancel)
    {
        var group = owner.ApiVersion.Contains('/', StringComparison.Ordinal) ? owner.ApiVersion.Split('/')[0] : "";
        var workload = new WorkloadRef(group, owner.Kind, @namespace, owner.Name);
        if (caches.WorkloadsOf(workload) is not null)
        {
            return Compare(caches.FindWorkload(workload)?.Uid, owner);
        }

        if (workload.Type.IsItsOwnTemplate)
        {
            using var pod = await api.FindAsync(ApiPaths.One(ApiPaths.Pods(@namespace), owner.Name), cancel);
            return Compare(pod is null ? null : UidOf(pod.RootElement), owner);
        }

        return options.CustomKinds.Any(k => k.ApiGroup == group && k.Kind == owner.Kind)
            ? Compare((await custom.FindAsync(workload, cancel))?.Uid, owner)
            : OwnerIs.NotReadable;
    }

    private static OwnerIs Compare(string? found, OwnerReference owner) =>
        found is { Length: > 0 } && found == owner.Uid ? OwnerIs.There : OwnerIs.NotThere;

    private static string? UidOf(JsonElement obj) => obj.GetProperty("metadata").GetProperty("uid").GetString();
}
