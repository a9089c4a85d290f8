using DeployGuard.Registry.Access;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry;

/// <summary>What several clients may read at the same time, and keep, all together. Nothing that one keeps is seen by another.</summary>
/// <param name="limits">Its <see cref="LookupLimits.ReadBytes"/>, and those of the cache. Those of each client do not matter then.</param>
public sealed class SharedMemory(LookupLimits limits, TimeProvider time)
{
    /// <summary>Results that are kept, of all clients, also those that ended and were not dropped yet.</summary>
    public int Kept => Cache.Count;

    /// <summary>What they take, about.</summary>
    public long KeptBytes => Cache.Bytes;

    internal BoundedCache<(RegistryLookup Client, LookupKey Key), LookupResult> Cache { get; } =
        new(limits.CachedLookups, limits.CachedBytes, time);

    internal ContentInFlight InFlight { get; } = new(limits.ReadBytes);
}
