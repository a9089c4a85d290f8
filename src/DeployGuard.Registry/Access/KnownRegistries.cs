namespace DeployGuard.Registry.Access;

/// <summary>The other hosts of registries whose operators publish them, so that listing the registry alone is enough.</summary>
internal static class KnownRegistries
{
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> TokenHosts { get; } =
        new Dictionary<string, IReadOnlyList<string>> { ["docker.io"] = ["auth.docker.io"], ["registry.gitlab.com"] = ["gitlab.com"] };

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> RedirectHosts { get; } =
        new Dictionary<string, IReadOnlyList<string>>
        {
            ["docker.io"] =
            [
                "production.cloudflare.docker.com",
                "production.cloudfront.docker.com",
                "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
            ],
            ["ghcr.io"] = ["pkg-containers.githubusercontent.com"],
        };
}
