using System.Collections.Concurrent;

namespace DeployGuard.Kubernetes.LiveReads;

/// <summary>A <see cref="SingleFlight{T}"/> for each key.</summary>
internal sealed class Flights<T>(Func<string, Task<T>> read)
{
    private const int MaxIdle = 1000;

    private readonly ConcurrentDictionary<string, SingleFlight<T>> _flights = new();

    public SingleFlight<T> Of(string key)
    {
        if (_flights.Count > MaxIdle)
        {
            // Namespaces and workloads come and go; those nobody reads need no flight.
            foreach (var (name, idle) in _flights.Where(f => f.Value.IsIdle))
            {
                _flights.TryRemove(KeyValuePair.Create(name, idle));
            }
        }

        return _flights.GetOrAdd(key, name => new SingleFlight<T>(() => read(name)));
    }
}
