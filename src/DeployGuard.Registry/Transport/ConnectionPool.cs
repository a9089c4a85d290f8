using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Transport;

/// <summary>One connection for each listed registry, and none for others.</summary>
internal sealed class ConnectionPool(RegistryOptions options, TimeProvider time) : IDisposable
{
    private readonly Dictionary<string, RegistryConnection> _connections = options.Registries.ToDictionary(
        r => r.Name,
        r => new RegistryConnection(r, options, time),
        StringComparer.Ordinal
    );

    public IEnumerable<RegistryConnection> All => _connections.Values;

    /// <exception cref="RegistryException">The registry is not listed.</exception>
    public RegistryConnection To(RepositoryName repository) =>
        _connections.GetValueOrDefault(repository.Host) ?? throw new RegistryException(FailureCause.NotListed, NotListed(repository));

    public static string NotListed(RepositoryName repository) =>
        $"{repository.Host} is not among the listed registries, so it was not called";

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
        {
            connection.Dispose();
        }
    }
}
