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
        var others = options
            .AlsoIn.SelectMany(m => (RepositoryName?[])[m.Map(named), m.Map(home)])
            .OfType<RepositoryName>()
            .Concat(request.StatementRepositories)
            .Select(r => Read(r, options))
            .Where(r => r != home)
            .Distinct();
        return new LookupPlan(request, home, request.Statements ? [.. others] : []);
    }

    /// <summary>The same for requests that have the same answer: the same content, places and credentials.</summary>
    public LookupKey Key =>
        new(
            Home.Host,
            string.Join(
                '\n',
                (string[])
                    [
                        $"{Request.Image}",
                        $"{Home}",
                        Request.Labels ? "labels" : "",
                        Request.Statements ? "statements" : "",
                        string.Join(' ', Others),
                        Request.Credentials.FingerprintFor([Home, .. Others]),
                    ]
            )
        );

    private static RepositoryName Read(RepositoryName repository, RegistryOptions options) =>
        options.Mirrors.Select(m => m.Map(repository)).FirstOrDefault(m => m is not null) ?? repository;
}

/// <summary>What tells lookups apart.</summary>
internal readonly record struct LookupKey(string Registry, string Text);
