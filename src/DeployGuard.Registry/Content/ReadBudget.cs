using DeployGuard.Registry.Access;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Content;

/// <summary>
/// What one lookup may still ask of registries, over all places. The one who pushes an image chooses how much lies beside it, and must not
/// occupy a registry for all others with it.
/// </summary>
internal sealed class ReadBudget(LookupLimits limits, ContentInFlight inFlight) : IDisposable
{
    private readonly SemaphoreSlim _places = new(limits.RequestsPerLookup);
    private readonly ContentInFlight.Account _held = inFlight.Open();
    private long _left = limits.ManifestsBytes;

    public void Dispose()
    {
        _held.Dispose();
        _places.Dispose();
    }

    /// <summary>One request, once it has a place. What it reads is held by this lookup.</summary>
    public async Task<Reply> ReadAsync(Func<ContentInFlight.Account, Task<Reply>> read, CancellationToken cancel)
    {
        await _places.WaitAsync(cancel);
        try
        {
            return await read(_held);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>The same for a manifest, an index or a list, whose size counts.</summary>
    /// <param name="most">Bytes that are read of it.</param>
    /// <exception cref="RegistryException">It is larger than that, or the lookup has read too much already.</exception>
    public Task<Reply> ReadManifestAsync(int most, Func<int, ContentInFlight.Account, Task<Reply>> read, CancellationToken cancel) =>
        ReadAsync(
            async holder =>
            {
                if (Interlocked.Read(ref _left) <= 0)
                {
                    throw new RegistryException(
                        FailureCause.TooLarge,
                        $"it is beyond the {limits.ManifestsBytes} bytes of manifests that one lookup reads"
                    )
                    {
                        IsBeyondBudget = true,
                    };
                }

                try
                {
                    var reply = await read(most, holder);
                    Interlocked.Add(ref _left, -reply.Body.Length);
                    return reply;
                }
                catch (RegistryException e) when (e.Cause is FailureCause.TooLarge)
                {
                    // So much of it was read, or may have been.
                    Interlocked.Add(ref _left, -most);
                    throw;
                }
            },
            cancel
        );
}
