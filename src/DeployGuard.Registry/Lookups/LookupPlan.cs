using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Lookups;

/// <summary>Which repositories a request leads to.</summary>
/// <param name="Home">Holds the image; another than it is named by if a mirror is configured.</param>
/// <param name="Others">May hold statements too.</param>
internal sealed record LookupPlan(LookupRequest Request, RepositoryName Home, IReadOnlyList<RepositoryName> Others)
{
    public static LookupPlan Of(LookupRequest request, RegistryOptions options)
    {
        var named = request.Image.Repository;
        var home = Read(named, options);
        if (!request.Statements || (options.AlsoIn.Count == 0 && request.StatementRepositories.Count == 0))
        {
            return new LookupPlan(request, home, []);
        }

        var others = options
            .AlsoIn.SelectMany(m => (RepositoryName?[])[m.Map(named), m.Map(home)])
            .OfType<RepositoryName>()
            .Concat(request.StatementRepositories)
            .Select(r => Read(r, options))
            .Where(r => r != home)
            .Distinct();
        return new LookupPlan(request, home, [.. others]);
    }

    /// <summary>The same for requests that have the same answer: the same content, places and credentials.</summary>
    public LookupKey Key =>
        new(
            Request.Image,
            Home,
            Request.Labels,
            Request.Statements,
            Others.Count == 0 ? "" : string.Join(' ', Others),
            Request.Credentials.FingerprintFor([Home, .. Others])
        );

    private static RepositoryName Read(RepositoryName repository, RegistryOptions options) =>
        options.Mirrors.Count == 0
            ? repository
            : options.Mirrors.Select(m => m.Map(repository)).FirstOrDefault(m => m is not null) ?? repository;
}

/// <summary>What tells lookups apart.</summary>
internal readonly record struct LookupKey(
    PinnedImage Image,
    RepositoryName Home,
    bool Labels,
    bool Statements,
    string Others,
    string Credentials
);
