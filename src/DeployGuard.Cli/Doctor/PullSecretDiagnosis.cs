using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the pull secrets of a policy are there, and hold credentials for their registries.</summary>
internal static class PullSecretDiagnosis
{
    private const string DockerHub = "docker.io";

    private static readonly string[] s_fields = [".dockerconfigjson", ".dockercfg"];

    public static IEnumerable<Diagnosis> Of(SafeguardPolicy policy, KnownSecrets secrets, string @namespace) =>
        (policy.SignedOrigin?.Registries ?? []).Select(r => Of(policy.Name, r, secrets, @namespace)).OfType<Diagnosis>();

    private static Diagnosis? Of(string policy, OriginRegistry registry, KnownSecrets secrets, string @namespace)
    {
        if (registry.PullSecret is not { } name || !secrets.IsRead(name))
        {
            return null;
        }

        var remedy =
            $"Create it: kubectl -n {@namespace} create secret docker-registry {name} --docker-server={registry.Host} "
            + "--docker-username=USER --docker-password=TOKEN";
        var content = s_fields.Select(f => secrets.Find(name, f)).FirstOrDefault(f => f is not null);
        return secrets.ProblemWith(name) is { } problem
                ? Diagnosis.Failed($"{policy}: the pull secret {name} of {registry.Host} {problem}", remedy)
            : content is null ? Diagnosis.Failed($"{policy}: the pull secret {name} of {registry.Host} has no field {s_fields[0]}", remedy)
            : HostsIn(content) is not { } hosts
                ? Diagnosis.Failed($"{policy}: the pull secret {name} of {registry.Host} cannot be read", remedy)
            : !hosts.Contains(Normal(registry.Host))
                ? Diagnosis.Warning(
                    $"{policy}: the pull secret {name} has no credentials for {registry.Host}; it has some for "
                        + $"{(hosts.Count > 0 ? string.Join(", ", hosts) : "no registry")}",
                    remedy
                )
            : null;
    }

    /// <summary>Null if it is no configuration of docker.</summary>
    private static HashSet<string>? HostsIn(byte[] content)
    {
        try
        {
            var root = JsonNode.Parse(content) as JsonObject;
            var entries = root?["auths"] is JsonObject auths ? auths : root;
            return entries?.Select(e => Normal(e.Key)).ToHashSet(StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The host of an entry, which may be a URL; Docker Hub has several names.</summary>
    private static string Normal(string entry)
    {
        var rest = entry[(entry.IndexOf("://", StringComparison.Ordinal) is >= 0 and var at ? at + 3 : 0)..];
        var host = rest.Split('/')[0].ToLowerInvariant();
        return host is "index.docker.io" or "registry-1.docker.io" ? DockerHub : host;
    }
}
