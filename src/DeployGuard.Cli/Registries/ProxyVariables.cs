using DeployGuard.Manifests;
using DeployGuard.Registry.Access;

namespace DeployGuard.Cli.Registries;

/// <summary>The HTTP proxy of the user's environment, as other programs of a terminal use it.</summary>
internal static class ProxyVariables
{
    private static readonly string[] s_loopback = ["localhost", "127.0.0.1", "::1"];

    /// <exception cref="ManifestException">The variable holds no address.</exception>
    public static RegistryOptions With(RegistryOptions options) =>
        Value("HTTPS_PROXY") is not { } proxy
            ? options
            : options with
            {
                Proxy = AddressOf(proxy),
                NoProxy =
                [
                    .. s_loopback,
                    .. (Value("NO_PROXY") ?? "")
                        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                        .SelectMany(WithHostsBelow),
                ],
            };

    private static Uri AddressOf(string proxy) =>
        Uri.TryCreate(proxy.Contains("://", StringComparison.Ordinal) ? proxy : $"http://{proxy}", UriKind.Absolute, out var uri)
            ? uri
            : throw new ManifestException("HTTPS_PROXY: is no address of a proxy");

    /// <summary>By custom, <c>example.com</c> stands for every host below it too.</summary>
    private static string[] WithHostsBelow(string host) => host.StartsWith('.') || host.StartsWith('*') ? [host] : [host, $".{host}"];

    private static string? Value(string name) =>
        ((string[])[name, name.ToLowerInvariant()])
            .Select(Environment.GetEnvironmentVariable)
            .FirstOrDefault(v => !string.IsNullOrEmpty(v));
}
