using System.Globalization;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>What the checks read from the cluster, with the user's own permissions. Several checks share one read.</summary>
internal sealed class CheckContext(ApiConnection api, Installation installation, ServerVersion server, DateTimeOffset now)
{
    private readonly Dictionary<string, Task<JsonNode?>> _read = [];
    private Task<IReadOnlyList<SafeguardPolicy>>? _policies;
    private Task<IReadOnlyList<NamespaceLabels>>? _namespaces;

    public ApiConnection Api { get; } = api;

    public Installation Installation { get; } = installation;

    public ServerVersion Server { get; } = server;

    public DateTimeOffset Now { get; } = now;

    public string Namespace => Installation.Options.Namespace;

    /// <summary>Null if it does not exist.</summary>
    public Task<JsonNode?> ValidatingAsync(CancellationToken cancel) =>
        FindAsync($"{ApiPaths.WebhookConfigurations}/validatingwebhookconfigurations/{Installation.Options.WebhookConfiguration}", cancel);

    /// <summary>Null if it does not exist.</summary>
    public Task<JsonNode?> MutatingAsync(CancellationToken cancel) =>
        FindAsync($"{ApiPaths.WebhookConfigurations}/mutatingwebhookconfigurations/{Installation.Options.WebhookConfiguration}", cancel);

    public Task<IReadOnlyList<SafeguardPolicy>> PoliciesAsync(CancellationToken cancel) =>
        _policies ??= ListAsync(ApiPaths.Policies, p => PolicyReader.Read(p), cancel);

    public Task<IReadOnlyList<NamespaceLabels>> NamespacesAsync(CancellationToken cancel) =>
        _namespaces ??= ListAsync(ApiPaths.Namespaces, NamespaceLabels.Of, cancel);

    /// <summary>Reads an object once; null if it does not exist.</summary>
    public Task<JsonNode?> FindAsync(string path, CancellationToken cancel)
    {
        if (!_read.TryGetValue(path, out var read))
        {
            _read[path] = read = ReadAsync(Api, path, cancel);
        }

        return read;
    }

    public async Task<IReadOnlyList<T>> ListAsync<T>(string path, Func<System.Text.Json.JsonElement, T> read, CancellationToken cancel)
    {
        var all = new List<T>();
        await Api.ListAsync(path, item => all.Add(read(item)), cancel);
        return all;
    }

    public static async Task<JsonNode?> ReadAsync(ApiConnection api, string path, CancellationToken cancel)
    {
        using var found = await api.FindAsync(path, cancel);
        return found is null ? null : JsonNode.Parse(found.RootElement.GetRawText());
    }
}

/// <summary>A namespace, as selectors see it.</summary>
internal sealed record NamespaceLabels(string Name, IReadOnlyDictionary<string, string> Labels)
{
    public const string OfName = "kubernetes.io/metadata.name";

    public static NamespaceLabels Of(System.Text.Json.JsonElement item) =>
        new(item.GetProperty("metadata").GetProperty("name").GetString() ?? "", Core.Workloads.WorkloadReader.ReadLabels(item));
}

/// <param name="Text">As the server reports it, such as <c>v1.36.0</c>.</param>
internal sealed record ServerVersion(int Major, int Minor, string Text)
{
    /// <summary>Reads <c>/version</c>. A server that reports it in another form counts as old.</summary>
    public static ServerVersion Of(JsonNode? version) =>
        new(
            Number((string?)version?["major"]),
            Number((string?)version?["minor"]),
            (string?)version?["gitVersion"] ?? "of an unknown version"
        );

    public bool IsAtLeast(int minor) => (Major, Minor).CompareTo((1, minor)) >= 0;

    /// <summary>Managed clusters write <c>28+</c>.</summary>
    private static int Number(string? text) =>
        int.TryParse(
            string.Concat((text ?? "").TakeWhile(char.IsAsciiDigit)),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : 0;
}
