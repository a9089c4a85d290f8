using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Workloads of kinds that DeployGuard was told of. They are read when they are asked for, and not watched: their definition may come
/// later than we, or never, and nobody must wait for that.
/// </summary>
internal sealed class CustomWorkloads(ApiConnection api, IReadOnlyList<CustomKind> kinds, WorkloadReader reader, ILogger logger)
{
    /// <summary>Null for a built-in kind, and for an object that does not exist.</summary>
    public async Task<ObservedWorkload?> FindAsync(WorkloadRef workload, CancellationToken cancel)
    {
        if (kinds.FirstOrDefault(k => k.ApiGroup == workload.ApiGroup && k.Kind == workload.Kind) is not { } kind
            || await VersionAsync(kind, cancel) is not { } version)
        {
            return null;
        }

        using var found = await api.FindAsync($"apis/{version}/namespaces/{workload.Namespace}/{kind.Resource}/{workload.Name}", cancel);
        return found is null ? null : ReadOrNull(found.RootElement, version, kind);
    }

    public async Task<IReadOnlyList<ObservedWorkload>> ListAsync(string @namespace, CancellationToken cancel)
    {
        var all = new List<ObservedWorkload>();
        foreach (var kind in kinds)
        {
            if (await VersionAsync(kind, cancel) is { } version)
            {
                using var list = await api.FindAsync($"apis/{version}/namespaces/{@namespace}/{kind.Resource}", cancel);
                all.AddRange(list?.RootElement.GetProperty("items").EnumerateArray().Select(i => ReadOrNull(i, version, kind)).OfType<ObservedWorkload>() ?? []);
            }
        }

        return all;
    }

    /// <summary>One that keeps its template elsewhere than was said (a Rollout with <c>workloadRef</c>) is left out and named, like any object that cannot be read.</summary>
    private ObservedWorkload? ReadOrNull(JsonElement item, string version, CustomKind kind)
    {
        try
        {
            return ObservedWorkload.Read(item, version, kind.Kind, reader);
        }
        catch (MalformedObjectException malformed)
        {
            logger.LogWarning("a {Kind} cannot be read: {Problem}", kind.Kind, malformed.Message);
            return null;
        }
    }

    /// <summary>The group and version that the server prefers; null where it does not know the group.</summary>
    private async Task<string?> VersionAsync(CustomKind kind, CancellationToken cancel)
    {
        using var group = await api.FindAsync($"apis/{kind.ApiGroup}", cancel);
        return group is not null && group.RootElement.TryGetProperty("preferredVersion", out var preferred) && preferred.TryGetProperty("groupVersion", out var version) && version.ValueKind is JsonValueKind.String
            ? version.GetString()
            : null;
    }
}
