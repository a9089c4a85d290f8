using System.Net;
using System.Text.Json;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli;

/// <summary>The custom kinds that the API server has, from its discovery, which every user may read.</summary>
internal sealed class ServedKinds(ApiConnection api)
{
    /// <summary>Null if the API server has none of this name.</summary>
    /// <param name="name">Kind, plural, singular or short name.</param>
    /// <param name="group">Null for any group; the first one wins, as in kubectl.</param>
    public async Task<GuardedKind?> FindAsync(string name, string? group, CancellationToken cancel)
    {
        foreach (var (apiGroup, version) in await PreferredAsync(group, cancel))
        {
            if ((await KindsAsync(apiGroup, version, cancel)).FirstOrDefault(k => k.IsNamed(name)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private async Task<IReadOnlyList<(string Group, string Version)>> PreferredAsync(string? group, CancellationToken cancel)
    {
        using var answer = await FindAsync(group is null ? "apis" : ApiPaths.Group(group), cancel);
        if (answer is null)
        {
            return [];
        }

        var groups = group is null ? answer.RootElement.GetProperty("groups").EnumerateArray().ToList() : [answer.RootElement];
        return [.. groups.Select(g => (Text(g, "name"), g.GetProperty("preferredVersion").GetProperty("groupVersion").GetString() ?? ""))];
    }

    private async Task<IReadOnlyList<GuardedKind>> KindsAsync(string group, string version, CancellationToken cancel)
    {
        using var answer = await FindAsync($"apis/{version}", cancel);
        return answer is null
            ? []
            : [.. answer.RootElement.GetProperty("resources").EnumerateArray().Where(IsNamespaced).Select(r => Kind(r, group, version))];
    }

    /// <summary>A group whose own server does not answer has no kinds for now.</summary>
    private async Task<JsonDocument?> FindAsync(string path, CancellationToken cancel)
    {
        try
        {
            return await api.FindAsync(path, cancel);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }
    }

    /// <summary>Not a subresource either.</summary>
    private static bool IsNamespaced(JsonElement resource) =>
        resource.GetProperty("namespaced").GetBoolean() && !Text(resource, "name").Contains('/', StringComparison.Ordinal);

    private static GuardedKind Kind(JsonElement resource, string group, string version) =>
        new(
            group,
            version,
            Text(resource, "kind"),
            Text(resource, "name"),
            [
                Text(resource, "singularName"),
                .. resource.TryGetProperty("shortNames", out var names) ? names.EnumerateArray().Select(n => n.GetString() ?? "") : [],
            ]
        );

    private static string Text(JsonElement owner, string name) => owner.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
