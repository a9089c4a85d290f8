using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.Pushes;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry;

/// <summary>Puts signed statements beside images. It writes to listed registries alone, and removes nothing.</summary>
public sealed class RegistryPush : IDisposable
{
    private readonly RegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly ConnectionPool _pool;
    private readonly TokenSource _tokens;

    /// <exception cref="ArgumentException">The options have mistakes: <see cref="RegistryOptions.Mistakes"/>.</exception>
    public RegistryPush(RegistryOptions options, TimeProvider time)
    {
        if (options.Mistakes is { Count: > 0 } mistakes)
        {
            throw new ArgumentException(string.Join("; ", mistakes), nameof(options));
        }

        (_options, _time) = (options, time);
        _pool = new ConnectionPool(options, time);
        _tokens = new TokenSource(time);
    }

    /// <exception cref="RegistryException">The statement was not stored; the message says why, for people.</exception>
    public async Task<PushResult> PushAsync(PushRequest request, CancellationToken cancel)
    {
        var repository = request.Image.Repository;
        using var reads = new ReadBudget(_options.Limits, new ContentInFlight(_options.Limits.ReadBytes));
        var session = new RepositorySession(_pool.To(repository), repository, request.Credentials.For(repository), _tokens, _time)
        {
            IsWriter = true,
        };
        var reader = new RepositoryReader(session, _options.Limits, reads);
        return await new StatementWriter(reader, new RepositoryWriter(session), request, _time).WriteAsync(cancel);
    }

    public void Dispose() => _pool.Dispose();
}
