using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Inputs;
using DeployGuard.Manifests;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.References;

namespace DeployGuard.Cli.Registries;

/// <summary>The user's credentials for registries: docker's <c>config.json</c>, and the helpers that it names.</summary>
internal static class DockerCredentials
{
    private const string FolderVariable = "DOCKER_CONFIG";
    private const string FileName = "config.json";

    /// <summary>As helpers and older files name Docker Hub.</summary>
    private const string DockerHub = "https://index.docker.io/v1/";

    /// <summary>In the place of a name, for a token that is exchanged.</summary>
    private const string TokenUser = "<token>";

    /// <exception cref="ManifestException">The file cannot be read, or names a helper that cannot be used.</exception>
    public static CredentialSet For(IEnumerable<string> hosts)
    {
        var file = Path.Combine(Folder(), FileName);
        if (!File.Exists(file))
        {
            return CredentialSet.None;
        }

        var content = InputFiles.Bytes(file);
        var config = Parse(content) ?? throw new ManifestException($"{file}: is no JSON object");
        return new CredentialSet([
            .. hosts.Distinct().Select(h => OfHelper(config, h, file)).OfType<DockerConfig>(),
            // A host whose credentials a helper keeps has an empty entry here, which is no credential.
            DockerConfig.Parse(content, file),
        ]);
    }

    private static string Folder() =>
        Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker");

    private static DockerConfig? OfHelper(JsonObject config, string host, string file)
    {
        var server = host == RepositoryName.DockerHub ? DockerHub : host;
        if (
            (Text(config["credHelpers"], server) ?? Text(config["credHelpers"], host) ?? Text(config, "credsStore")) is not { } helper
            || CredentialHelper.Get(helper, server, file) is not var (user, secret)
        )
        {
            return null;
        }

        var entry =
            user == TokenUser
                ? new JsonObject { ["identitytoken"] = secret }
                : new JsonObject { ["username"] = user, ["password"] = secret };
        var entries = new JsonObject { ["auths"] = new JsonObject { [host] = entry } };
        return DockerConfig.Parse(Encoding.UTF8.GetBytes(entries.ToJsonString()), $"docker-credential-{helper}");
    }

    private static JsonObject? Parse(byte[] content)
    {
        try
        {
            return JsonNode.Parse(content) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonNode? owner, string name) =>
        owner is JsonObject found && found[name] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0
            ? text
            : null;
}
