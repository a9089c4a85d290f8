using DeployGuard.Registry.Access;

namespace DeployGuard.Registry.Transport;

/// <summary>Where a registry may send its clients to.</summary>
internal static class Redirects
{
    public const int Most = 4;

    /// <summary>The address and credentials to go on with; null if the answer is no redirect.</summary>
    /// <exception cref="RegistryException">It may not redirect there.</exception>
    public static Ask? Next(HttpResponseMessage response, Ask ask, RegistrySettings registry)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || ask.EffectiveMethod != HttpMethod.Get)
        {
            return null;
        }

        // Read as text: as a header, a path alone would be taken for a file.
        var location = response.Headers.TryGetValues("Location", out var values) ? values.FirstOrDefault() : null;
        if (location is null || !Uri.TryCreate(ask.Url, location, out var next) || !IsWeb(next, registry))
        {
            throw new RegistryException(
                FailureCause.Unexpected,
                $"{registry.Name} redirects to \"{Shown(location)}\", which is not followed"
            );
        }

        if (next.Authority == ask.Url.Authority && next.Scheme == ask.Url.Scheme)
        {
            return ask with { Url = next };
        }

        return registry.MayRedirectTo(next.Authority)
            ? ask with
            {
                Url = next,
                Authorization = null,
            }
            : throw new RegistryException(
                FailureCause.RedirectNotListed,
                $"{registry.Name} redirects to {next.Authority}, which is not among its redirectHosts"
            );
    }

    private static bool IsWeb(Uri url, RegistrySettings registry) =>
        (url.Scheme == Uri.UriSchemeHttps || (registry.PlainHttp && url.Scheme == Uri.UriSchemeHttp)) && url.UserInfo.Length == 0;

    /// <summary>Without its query, which may be signed.</summary>
    private static string Shown(string? location) => ShownText.Of(location?.Split('?')[0]);
}
