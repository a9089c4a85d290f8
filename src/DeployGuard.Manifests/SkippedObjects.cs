using System.Text.Json;

namespace DeployGuard.Manifests;

/// <summary>Objects that are not evaluated, counted by kind. Those with a pod template are named.</summary>
public sealed class SkippedObjects
{
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly List<SkippedTemplate> _templates = [];
    private readonly List<(string Kind, string Namespace)> _traffic = [];

    /// <summary>The number of objects for each kind, sorted by kind.</summary>
    public IEnumerable<KeyValuePair<string, int>> Counts => _counts;

    public IReadOnlyList<SkippedTemplate> Templates => _templates;

    /// <summary>Services and their addresses, which the webhook evaluates: kind and namespace of each.</summary>
    public IReadOnlyList<(string Kind, string Namespace)> Traffic => _traffic;

    internal void Add(Manifest manifest, string group, string kind, string defaultNamespace)
    {
        if ((group, kind) is ("", "Service" or "Endpoints") or ("discovery.k8s.io", "EndpointSlice"))
        {
            _traffic.Add((kind, NamespaceOf(manifest.Content) ?? defaultNamespace));
        }

        _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        // Other built-in kinds with a template, such as PodTemplate, run no pods.
        if (group.Contains('.', StringComparison.Ordinal) && PodTemplatePath.Find(manifest.Content) is { } path)
        {
            _templates.Add(new SkippedTemplate(manifest.Source, group, kind, path));
        }
    }

    private static string? NamespaceOf(JsonElement obj) =>
        obj.TryGetProperty("metadata", out var metadata)
        && metadata.ValueKind is JsonValueKind.Object
        && metadata.TryGetProperty("namespace", out var space)
        && space.ValueKind is JsonValueKind.String
        && space.GetString() is { Length: > 0 } name
            ? name
            : null;
}

/// <summary>An object of a custom kind that has a pod template.</summary>
/// <param name="Path">Path of the first template: <c>spec.template</c>, or <c>spec.jobs[0].template</c>.</param>
public sealed record SkippedTemplate(string Source, string Group, string Kind, string Path)
{
    /// <summary>The flag that includes it; null if its template is in a list, which no flag can name.</summary>
    public string? FlagOrNull =>
        Path.Contains('[', StringComparison.Ordinal) ? null : $"--workload-kinds {Kind.ToLowerInvariant()}s.{Group}/{Kind}={Path}";
}

/// <summary>Finds a probable pod template in an object of an unknown kind.</summary>
internal static class PodTemplatePath
{
    public static string? Find(JsonElement obj) => Find(obj, "");

    private static string? Find(JsonElement element, string path) =>
        element.ValueKind switch
        {
            JsonValueKind.Object when path.Length > 0 && IsTemplate(element) => path,
            JsonValueKind.Object => element
                .EnumerateObject()
                .Select(m => Find(m.Value, path.Length == 0 ? m.Name : $"{path}.{m.Name}"))
                .FirstOrDefault(p => p is not null),
            JsonValueKind.Array => element
                .EnumerateArray()
                .Select((item, i) => Find(item, $"{path}[{i}]"))
                .FirstOrDefault(p => p is not null),
            _ => null,
        };

    private static bool IsTemplate(JsonElement element) =>
        element.TryGetProperty("spec", out var spec)
        && spec.ValueKind is JsonValueKind.Object
        && spec.TryGetProperty("containers", out var containers)
        && containers.ValueKind is JsonValueKind.Array
        && containers
            .EnumerateArray()
            .Any(c => c.ValueKind is JsonValueKind.Object && c.TryGetProperty("name", out _) | c.TryGetProperty("image", out _));
}
