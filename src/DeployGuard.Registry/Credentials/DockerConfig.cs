using System.Text;
using System.Text.Json;

namespace DeployGuard.Registry.Credentials;

/// <summary>
/// What a Secret of type <c>kubernetes.io/dockerconfigjson</c> or <c>kubernetes.io/dockercfg</c> holds, or a file <c>config.json</c> of
/// Docker.
/// </summary>
public sealed class DockerConfig
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private DockerConfig(IReadOnlyList<DockerConfigEntry> entries, IReadOnlyList<string> mistakes) =>
        (Entries, Mistakes) = (entries, mistakes);

    /// <summary>What could not be read, without any secret; the other entries are used.</summary>
    public IReadOnlyList<string> Mistakes { get; }

    internal IReadOnlyList<DockerConfigEntry> Entries { get; }

    /// <param name="source">Where it was found, for messages: <c>Secret shop/pull</c>.</param>
    public static DockerConfig Parse(ReadOnlyMemory<byte> json, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement, source);
        }
        // A text with half of a surrogate pair is an InvalidOperationException.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new DockerConfig([], [$"{source}: is no JSON"]);
        }
    }

    private static DockerConfig Read(JsonElement root, string source)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return new DockerConfig([], [$"{source}: is no JSON object"]);
        }

        var entries = new List<DockerConfigEntry>();
        var mistakes = new List<string>();
        foreach (var entry in AuthsOf(root))
        {
            var (host, path) = DockerConfigEntry.ReadKey(entry.Name);
            if (ReadCredential(entry.Value, source) is { } credential)
            {
                entries.Add(new DockerConfigEntry(host, path, credential));
            }
            else
            {
                mistakes.Add($"{source}: the entry \"{entry.Name}\" has no readable auth, username and password, or token");
            }
        }

        return new DockerConfig(entries, mistakes);
    }

    /// <summary>The older form has the entries at its top.</summary>
    private static IEnumerable<JsonProperty> AuthsOf(JsonElement root)
    {
        if (root.TryGetProperty("auths", out var auths))
        {
            return auths.ValueKind == JsonValueKind.Object ? auths.EnumerateObject() : [];
        }

        return root.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Object && IsCredential(p.Value));
    }

    private static bool IsCredential(JsonElement value) =>
        value.TryGetProperty("auth", out _) || value.TryGetProperty("username", out _) || value.TryGetProperty("identitytoken", out _);

    private static RegistryCredential? ReadCredential(JsonElement entry, string source)
    {
        if (entry.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var (username, password) = ReadAuth(Text(entry, "auth")) ?? (Text(entry, "username"), Text(entry, "password"));
        var (identity, token) = (Text(entry, "identitytoken"), Text(entry, "registrytoken"));
        // Beside an identity token, the name and password are place holders.
        return identity is not null ? new RegistryCredential(source, username, null, identity, null)
            : token is not null && token.All(c => c is > ' ' and <= '~') ? new RegistryCredential(source, null, null, null, token)
            : username is not null && password is not null ? new RegistryCredential(source, username, password, null, null)
            : null;
    }

    private static (string? Username, string? Password)? ReadAuth(string? auth)
    {
        try
        {
            var text = auth is null ? "" : s_utf8.GetString(Convert.FromBase64String(auth));
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? null : (text[..colon], text[(colon + 1)..].Trim('\0'));
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement entry, string field) =>
        entry.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;
}
