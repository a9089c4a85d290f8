using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Registries;

/// <summary>Asks a helper of docker, such as <c>docker-credential-ecr-login</c>, for the credentials of a registry.</summary>
internal static class CredentialHelper
{
    private const string Prefix = "docker-credential-";

    /// <summary>Null if it knows none for this registry.</summary>
    /// <param name="file">That names the helper, for messages.</param>
    /// <exception cref="ManifestException">There is no such helper.</exception>
    public static (string User, string Secret)? Get(string name, string server, string file)
    {
        // It becomes a part of the name of a program, and not of a path.
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new ManifestException($"{file}: \"{name}\" cannot be the name of a credential helper");
        }

        try
        {
            using var helper = Process.Start(
                new ProcessStartInfo(Prefix + name, "get")
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            );
            return helper is null ? null : Ask(helper, server);
        }
        catch (Win32Exception missing)
        {
            throw new ManifestException(
                $"{file}: names the credential helper {Prefix}{name}, which cannot be run ({missing.Message}); install it, or set DOCKER_CONFIG "
                    + "to a folder whose config.json has the credentials",
                missing
            );
        }
    }

    private static (string User, string Secret)? Ask(Process helper, string server)
    {
        var error = helper.StandardError.ReadToEndAsync();
        try
        {
            helper.StandardInput.Write(server);
            helper.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code and output decide.
        }

        var output = helper.StandardOutput.ReadToEnd();
        helper.WaitForExit();
        error.GetAwaiter().GetResult();
        return helper.ExitCode == 0 ? Read(output) : null;
    }

    private static (string User, string Secret)? Read(string output)
    {
        try
        {
            var answer = JsonNode.Parse(output);
            return ((string?)answer?["Username"], (string?)answer?["Secret"]) is ({ Length: > 0 } user, { Length: > 0 } secret)
                ? (user, secret)
                : null;
        }
        catch (Exception wrong) when (wrong is System.Text.Json.JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
