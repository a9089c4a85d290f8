using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>What is known of an owner that an object names.</summary>
internal enum OwnerIs
{
    /// <summary>It exists, with that uid.</summary>
    There,

    /// <summary>It does not, or it is another object of that name.</summary>
    NotThere,

    /// <summary>Its kind is none that DeployGuard may read.</summary>
    NotReadable,
}

/// <summary>Whether owners exist. Off the path of requests: built-in kinds are looked up in the caches, Pods and the chart's workloadKinds are read.</summary>
internal sealed class OwnerLookup(ApiConnection api, ClusterCaches caches, CustomWorkloads custom, ClusterOptions options)
{
    /// <param name="namespace">Of the object that names it: an owner is in the same one.</param>
    public async Task<OwnerIs> AskAsync(string @namespace, OwnerReference owner, CancellationToken cancel)
    {
        var group = owner.ApiVersion.Contains('/', StringComparison.Ordinal) ? owner.ApiVersion.Split('/')[0] : "";
        var workload = new WorkloadRef(group, owner.Kind, @namespace, owner.Name);
        if (caches.WorkloadsOf(workload) is not null)
        {
            return Compare(caches.FindWorkload(workload)?.Uid, owner);
        }

        if (workload is { ApiGroup: "", Kind: "Pod" })
        {
            using var pod = await api.FindAsync($"api/v1/namespaces/{@namespace}/pods/{Uri.EscapeDataString(owner.Name)}", cancel);
            return Compare(pod is null ? null : UidOf(pod.RootElement), owner);
        }

        return options.CustomKinds.Any(k => k.ApiGroup == group && k.Kind == owner.Kind)
            ? Compare((await custom.FindAsync(workload, cancel))?.Uid, owner)
            : OwnerIs.NotReadable;
    }

    private static OwnerIs Compare(string? found, OwnerReference owner) => found is { Length: > 0 } && found == owner.Uid ? OwnerIs.There : OwnerIs.NotThere;

    private static string? UidOf(JsonElement obj) => obj.GetProperty("metadata").GetProperty("uid").GetString();
}
