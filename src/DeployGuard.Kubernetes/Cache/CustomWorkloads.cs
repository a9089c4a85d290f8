using System.Net;
using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Workloads of the configured custom kinds. They are read when needed and not watched: their definitions may be created later than
/// DeployGuard starts, or never.
/// </summary>
internal sealed class CustomWorkloads(ApiConnection api, IReadOnlyList<CustomKind> kinds, WorkloadReader reader, ILogger logger)
{
    /// <summary>Null for a built-in kind, and for an object that does not exist.</summary>
    public async Task<ObservedWorkload?> FindAsync(WorkloadRef workload, CancellationToken cancel)
    {
        if (
            kinds.FirstOrDefault(k => k.ApiGroup == workload.ApiGroup && k.Kind == workload.Kind) is not { } kind
            || await VersionAsync(kind, cancel) is not { } version
        )
        {
            return null;
        }

        using var found = await api.FindAsync(
            ApiPaths.One(ApiPaths.Resource(version, kind.Resource, workload.Namespace), workload.Name),
            cancel
        );
        return found is null ? null : ReadOrNull(found.RootElement, version, kind);
    }

    public async Task<IReadOnlyList<ObservedWorkload>> ListAsync(string @namespace, CancellationToken cancel)
    {
        var all = new List<ObservedWorkload>();
        foreach (var kind in kinds)
        {
            if (await VersionAsync(kind, cancel) is { } version)
            {
                await ListAsync(version, kind, @namespace, all, cancel);
            }
        }

        return all;
    }

    private async Task ListAsync(string version, CustomKind kind, string @namespace, List<ObservedWorkload> all, CancellationToken cancel)
    {
        try
        {
            await api.ListAnyDepthAsync(
                ApiPaths.Resource(version, kind.Resource, @namespace),
                item =>
                {
                    if (ReadOrNull(item, version, kind) is { } read)
                    {
                        all.Add(read);
                    }
                },
                cancel
            );
        }
        catch (ApiException missing) when (missing.StatusCode is HttpStatusCode.NotFound)
        {
            // The kind is not defined.
        }
    }

    /// <summary>
    /// Null for an object without a template at the configured path, such as a Rollout with <c>workloadRef</c>; it is logged.
    /// </summary>
    private ObservedWorkload? ReadOrNull(JsonElement item, string version, CustomKind kind)
    {
        try
        {
            return ObjectDepth.IsReadable(item)
                ? ObservedWorkload.Read(item, version, kind.Kind, reader)
                : throw new MalformedObjectException("", "is nested too deeply");
        }
        catch (MalformedObjectException malformed)
        {
            logger.LogWarning("a {Kind} cannot be read: {Problem}", kind.Kind, malformed.Message);
            return null;
        }
    }

    /// <summary>The group with the server's preferred version; null if the server does not know the group.</summary>
    private async Task<string?> VersionAsync(CustomKind kind, CancellationToken cancel)
    {
        using var group = await api.FindAsync(ApiPaths.Group(kind.ApiGroup), cancel);
        return group?.RootElement.Member("preferredVersion")?.Text("groupVersion");
    }
}
