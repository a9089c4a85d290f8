using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Access;

/// <summary>Which registries may be called, how, and within which bounds.</summary>
public sealed record RegistryOptions
{
    /// <summary>The only ones that are ever called.</summary>
    public IReadOnlyList<RegistrySettings> Registries { get; init; } = [];

    /// <summary>Images below the first prefix are read from below the second, and never from the first.</summary>
    public IReadOnlyList<RepositoryMapping> Mirrors { get; init; } = [];

    /// <summary>
    /// Statements about images below the first prefix may also lie below the second. A mirror often holds an image without them.
    /// </summary>
    public IReadOnlyList<RepositoryMapping> AlsoIn { get; init; } = [];

    /// <summary>Requests go through this HTTP proxy. Variables of the environment are not read.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Hosts that are reached without the proxy: <c>registry.corp</c>, or <c>.corp</c> for all below it.</summary>
    public IReadOnlyList<string> NoProxy { get; init; } = [];

    public string UserAgent { get; init; } = "registry-lookup";

    public LookupLimits Limits { get; init; } = new();

    /// <summary>Called after every lookup, for metrics.</summary>
    public Action<LookupObservation>? Observer { get; init; }

    /// <summary>Every mistake, with its path; empty if there is none.</summary>
    public IReadOnlyList<string> Mistakes =>
        [
            .. Registries.SelectMany((r, i) => MistakesOf(r).Select(m => $"registries[{i}].{m}")),
            .. Registries
                .Select((r, i) => (r.Name, i))
                .GroupBy(r => r.Name, StringComparer.Ordinal)
                .SelectMany(g => g.Skip(1))
                .Select(r => $"registries[{r.i}].host: {r.Name} is listed twice"),
            .. MistakesOf("mirrors", Mirrors),
            .. MistakesOf("alsoIn", AlsoIn),
            .. Proxy is { IsAbsoluteUri: true, Scheme: "http" or "https" } or null
                ? []
                // The URL may hold a password.
                : (string[])["proxy: is no http or https URL"],
        ];

    internal RegistrySettings? SettingsOf(string host) => Registries.FirstOrDefault(r => r.Name == host);

    private static IEnumerable<string> MistakesOf(RegistrySettings registry)
    {
        if (!RepositoryName.IsValidHost(registry.Host.ToLowerInvariant()))
        {
            yield return $"host: \"{registry.Host}\" is no host; write it as image references do, such as registry.example.com:5000";
        }

        if (registry.CaBundle is { } bundle && CountCertificates(bundle) == 0)
        {
            yield return "caBundle: holds no certificate in PEM";
        }

        foreach (var pattern in registry.TokenHosts.Where(p => !HostPattern.IsValid(p)))
        {
            yield return $"tokenHosts: \"{pattern}\" is no host";
        }

        foreach (var pattern in registry.RedirectHosts.Where(p => !HostPattern.IsValid(p)))
        {
            yield return $"redirectHosts: \"{pattern}\" is no host";
        }
    }

    private static IEnumerable<string> MistakesOf(string field, IReadOnlyList<RepositoryMapping> mappings) =>
        mappings.SelectMany((m, i) => m.Mistake is { } mistake ? (string[])[$"{field}[{i}]: {mistake}"] : []);

    private static int CountCertificates(string pem)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(pem);
            return certificates.Count;
        }
        catch (CryptographicException)
        {
            return 0;
        }
    }
}

/// <summary>One lookup, as metrics see it.</summary>
/// <param name="Registry">One of the listed registries, or <c>other</c>.</param>
/// <param name="Result"><c>found</c>, <c>not-found</c>, <c>image-not-found</c>, or the cause why it was unavailable.</param>
/// <param name="FromCache">No request was made for it.</param>
public sealed record LookupObservation(string Registry, string Result, TimeSpan Duration, bool FromCache);
