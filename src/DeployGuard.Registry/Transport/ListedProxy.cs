using System.Net;

namespace DeployGuard.Registry.Transport;

/// <summary>One proxy for all hosts but the listed ones, written as in the variable <c>NO_PROXY</c>.</summary>
internal sealed class ListedProxy(Uri proxy, IReadOnlyList<string> without) : IWebProxy
{
    /// <summary>Without a user and a password: errors of the runtime repeat it.</summary>
    private readonly Uri _address = new UriBuilder(proxy) { UserName = "", Password = "" }.Uri;

    /// <summary>From the user information of the proxy's URL, if it has any.</summary>
    public ICredentials? Credentials { get; set; } = CredentialsOf(proxy);

    public Uri? GetProxy(Uri destination) => _address;

    public bool IsBypassed(Uri host) => without.Any(w => IsFor(w, host));

    private static bool IsFor(string pattern, Uri host)
    {
        var suffix = pattern.TrimStart('*');
        return suffix.StartsWith('.')
            ? host.Host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
            : host.Host.Equals(pattern, StringComparison.OrdinalIgnoreCase)
                || host.Authority.Equals(pattern, StringComparison.OrdinalIgnoreCase);
    }

    private static NetworkCredential? CredentialsOf(Uri proxy) =>
        proxy.UserInfo.Split(':', 2) is [var name, var password]
            ? new NetworkCredential(Uri.UnescapeDataString(name), Uri.UnescapeDataString(password))
            : null;
}
