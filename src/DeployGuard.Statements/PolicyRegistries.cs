using DeployGuard.Core.Policies;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;

namespace DeployGuard.Statements;

/// <summary>The registries that a policy lists, as the client of registries takes them.</summary>
public static class PolicyRegistries
{
    public static RegistryOptions Of(SignedOrigin origin) =>
        new()
        {
            Registries =
            [
                .. origin.Registries.Select(r => new RegistrySettings(r.Host)
                {
                    PlainHttp = r.PlainHttp,
                    CaBundle = r.CaBundle,
                    TokenHosts = r.TokenHosts,
                    RedirectHosts = r.RedirectHosts,
                }),
            ],
            Mirrors = [.. origin.Registries.Where(r => r.Mirror is not null).Select(r => new RepositoryMapping(r.Host, r.Mirror ?? ""))],
            AlsoIn =
            [
                .. origin
                    .Registries.Where(r => r.SignatureRepository is not null)
                    .Select(r => new RepositoryMapping(r.Host, r.SignatureRepository ?? "")),
            ],
            UserAgent = "deployguard",
        };
}
