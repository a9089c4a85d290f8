using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Core.Policies;

/// <summary>Reads <c>origin.registries</c>.</summary>
internal static class OriginRegistryReader
{
    public static OriginRegistry Read(StrictObject registry)
    {
        var host = ImagePattern.NormalHost(registry.Text("host") ?? "");
        var read = new OriginRegistry(host)
        {
            PlainHttp = registry.Flag("plainHttp"),
            CaBundle = registry.Text("caBundle"),
            TokenHosts = registry.Strings("tokenHosts"),
            RedirectHosts = registry.Strings("redirectHosts"),
            Mirror = registry.Text("mirror") is { } mirror ? Normal(mirror) : null,
            SignatureRepository = registry.Text("signatureRepository") is { } place ? Normal(place) : null,
            PullSecret = registry.Text("pullSecret"),
        };
        if (!ImagePattern.IsHost(host))
        {
            registry.Error("host", $"\"{host}\" is no host of a registry, such as ghcr.io or registry.example.com:5000");
        }

        if (read is { PlainHttp: true, CaBundle: not null })
        {
            registry.Error("caBundle", "and plainHttp exclude each other: plain HTTP has no certificate");
        }
        else if (read.CaBundle is { } bundle && !HoldsCertificate(bundle))
        {
            registry.Error("caBundle", "holds no certificate in PEM");
        }

        CheckHosts(registry, "tokenHosts", read.TokenHosts);
        CheckHosts(registry, "redirectHosts", read.RedirectHosts);
        if (read.PullSecret is { } secret && !SecretName.IsValid(secret))
        {
            registry.Error("pullSecret", $"\"{secret}\" is no name of a Secret in DeployGuard's namespace");
        }

        return read;
    }

    /// <summary>What a mirror or another repository is on must be listed too, because nothing else is ever asked.</summary>
    public static void Compare(StrictObject origin, IReadOnlyList<OriginRegistry> registries)
    {
        var hosts = registries.Select(r => r.Host).ToList();
        foreach (var (registry, i) in registries.Select((registry, i) => (registry, i)))
        {
            if (hosts.IndexOf(registry.Host) is var first && first < i)
            {
                origin.Error($"registries[{i}].host", $"{registry.Host} is listed in registries[{first}] too");
            }

            foreach (
                var (name, place) in ((string, string?)[])
                    [("mirror", registry.Mirror), ("signatureRepository", registry.SignatureRepository)]
            )
            {
                if (place is not null && Problem(place, hosts) is { } problem)
                {
                    origin.Error($"registries[{i}].{name}", problem);
                }
            }
        }
    }

    private static string? Problem(string place, List<string> hosts)
    {
        var host = place.Split('/')[0];
        return !ImagePattern.IsHost(host) || ImagePattern.RepositoryOf($"{place}/x") is null
                ? $"\"{place}\" is no host or repository; write it as mirror.example.com or mirror.example.com/hub"
            : !hosts.Contains(host) ? $"{host} is not in origin.registries, so it would never be asked"
            : null;
    }

    private static string Normal(string place)
    {
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ImagePattern.NormalHost(place) : ImagePattern.NormalHost(place[..slash]) + place[slash..].TrimEnd('/');
    }

    private static void CheckHosts(StrictObject registry, string name, IReadOnlyList<string> hosts)
    {
        foreach (var (host, i) in hosts.Select((host, i) => (host, i)).Where(h => !IsHostOrPattern(h.host.ToLowerInvariant())))
        {
            registry.Error($"{name}[{i}]", $"\"{host}\" is no host; write auth.example.com, or *.example.com for one label before it");
        }
    }

    /// <summary>A star before a single label would be every host of a top-level domain.</summary>
    private static bool IsHostOrPattern(string host) =>
        host.StartsWith("*.", StringComparison.Ordinal)
            ? ImagePattern.IsHost(host[2..]) && host[2..].Contains('.', StringComparison.Ordinal)
            : ImagePattern.IsHost(host);

    private static bool HoldsCertificate(string pem)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(pem);
            return certificates.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
