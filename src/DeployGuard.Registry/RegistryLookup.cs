using System.Collections.Concurrent;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry;

/// <summary>
/// Finds what registries hold about images: signed statements, labels, annotations. It reads, within bounds, from listed registries alone,
/// and verifies no signature.
/// </summary>
public sealed class RegistryLookup : IDisposable
{
    private readonly RegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly ConnectionPool _pool;
    private readonly TokenSource _tokens;
    private readonly Flights<(LookupKey Key, bool IsAgain), LookupResult> _flights;
    private readonly SharedMemory _memory;

    /// <summary>The lookups that run, for callers that cannot wait for their end.</summary>
    private readonly ConcurrentDictionary<(LookupKey Key, bool IsAgain), Lookup> _running = [];

    /// <exception cref="ArgumentException">The options have mistakes: <see cref="RegistryOptions.Mistakes"/>.</exception>
    public RegistryLookup(RegistryOptions options, TimeProvider time)
        : this(options, time, new SharedMemory(options.Limits, time)) { }

    /// <param name="memory">With other clients.</param>
    /// <inheritdoc cref="RegistryLookup(RegistryOptions, TimeProvider)"/>
    public RegistryLookup(RegistryOptions options, TimeProvider time, SharedMemory memory)
    {
        if (options.Mistakes is { Count: > 0 } mistakes)
        {
            throw new ArgumentException(string.Join("; ", mistakes), nameof(options));
        }

        (_options, _time, _memory) = (options, time, memory);
        var limits = options.Limits;
        _pool = new ConnectionPool(options, time);
        _tokens = new TokenSource(time);
        _flights = new Flights<(LookupKey Key, bool IsAgain), LookupResult>(limits.Lookups, limits.LookupsPerRegistry, limits.Lookup, time);
    }

    /// <summary>The registries that are not called at present, because they keep failing or asked for a pause.</summary>
    public IReadOnlyList<string> Resting => [.. _pool.All.Where(c => c.IsResting).Select(c => c.Settings.Name)];

    /// <summary>Results that are kept, of all clients that share the memory.</summary>
    public int Cached => _memory.Cache.Count;

    /// <summary>What was found before and is young enough; null if there is nothing, and then <see cref="FindAsync"/> looks.</summary>
    public LookupResult? FindKept(LookupRequest request)
    {
        var started = _time.GetTimestamp();
        var plan = LookupPlan.Of(request, _options);
        if (!_memory.Cache.TryGet((this, plan.Key), request.MaxAge, request.IsRehearsal, out var result))
        {
            return null;
        }

        Observe(plan, result, started, isCached: true);
        return result;
    }

    /// <summary>
    /// Answers before the deadline, and does not throw then: the lookup goes on, so that the next try finds its result.
    /// </summary>
    /// <param name="deadline">Cancelled when the caller has to answer.</param>
    public async Task<LookupResult> FindAsync(LookupRequest request, CancellationToken deadline)
    {
        var started = _time.GetTimestamp();
        var plan = LookupPlan.Of(request, _options);
        var key = plan.Key;
        var isCached = _memory.Cache.TryGet((this, key), request.MaxAge, request.IsRehearsal, out var result);
        result ??= await FlyAsync(plan, key, deadline);
        Observe(plan, result, started, isCached);
        return result;
    }

    /// <summary>All of them side by side, in the same order; the same image is looked up once.</summary>
    public Task<LookupResult[]> FindAllAsync(IEnumerable<LookupRequest> requests, CancellationToken deadline) =>
        Task.WhenAll(requests.Select(r => FindAsync(r, deadline)));

    public void Dispose()
    {
        _flights.Dispose();
        _pool.Dispose();
    }

    private void Observe(LookupPlan plan, LookupResult result, long started, bool isCached) =>
        _options.Observer?.Invoke(
            new LookupObservation(
                _options.SettingsOf(plan.Home.Host)?.Name ?? "other",
                result.Name,
                _time.GetElapsedTime(started),
                isCached
            )
        );

    private async Task<LookupResult> FlyAsync(LookupPlan plan, LookupKey key, CancellationToken deadline)
    {
        var image = plan.Request.Image;
        if (_options.SettingsOf(plan.Home.Host) is null)
        {
            return NotListed(plan);
        }

        // Who asks for a young result does not join a lookup that may have begun before something was pushed.
        var isAgain = plan.Request is { MaxAge: not null, IsRehearsal: false };
        if (_flights.Join((key, isAgain), plan.Home.Host, cancel => LookUpAsync(plan, key, isAgain, cancel)) is not { } flight)
        {
            return new Unavailable(image, FailureCause.TooBusy, $"too many lookups run already, so {plan.Home} was not looked at");
        }

        try
        {
            return await flight.WaitAsync(deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return new Unavailable(image, FailureCause.Timeout, $"{plan.Home.Host} did not answer in time; the lookup goes on")
            {
                Looked = [$"image {plan.Home}@{image.Digest}: no answer yet"],
                IsAway = _running.TryGetValue((key, isAgain), out var lookup) && lookup.IsAway,
            };
        }
    }

    private static Unavailable NotListed(LookupPlan plan)
    {
        var message = ConnectionPool.NotListed(plan.Home);
        return new Unavailable(plan.Request.Image, FailureCause.NotListed, message)
        {
            Looked = [$"image {plan.Home}@{plan.Request.Image.Digest}: {message}"],
        };
    }

    private async Task<LookupResult> LookUpAsync(LookupPlan plan, LookupKey key, bool isAgain, CancellationToken cancel)
    {
        // Who did not find it a moment ago may have missed the end of the lookup before by as little.
        if (_memory.Cache.TryGet((this, key), plan.Request.MaxAge, plan.Request.IsRehearsal, out var since))
        {
            return since;
        }

        using var lookup = new Lookup(plan, _pool, _tokens, _options.Limits, _memory.InFlight, _time);
        _running[(key, isAgain)] = lookup;
        LookupResult result;
        try
        {
            result = await lookup.RunAsync(cancel);
        }
        finally
        {
            _running.TryRemove(KeyValuePair.Create((key, isAgain), lookup));
        }

        if (LifeOf(plan.Request, result) is { } life)
        {
            // The same object tells that nothing is new: its signatures need not be checked again.
            result =
                _memory.Cache.TryGet((this, key), null, plan.Request.IsRehearsal, out var earlier) && earlier.IsSameAs(result)
                    ? earlier
                    : result;
            var size = lookup.Bytes + SizeOf(result.Looked) + SizeOf(result.Refused) + SizeOf(result.Unread.Select(u => u.Name + u.Why));
            _memory.Cache.Add((this, key), result, size, life, plan.Request.IsRehearsal);
        }

        return result;
    }

    private static long SizeOf(IEnumerable<string> texts) => texts.Sum(t => 2L * t.Length);

    /// <summary>
    /// A failure is never kept. What was refused may be replaced any moment, as what was missing may come.
    /// </summary>
    private TimeSpan? LifeOf(LookupRequest request, LookupResult result) =>
        result switch
        {
            Unavailable => null,
            StatementsFound { Refused.Count: 0 } => _options.Limits.PositiveLife,
            // A person who repeats a request must find it, also where the lookup takes longer than a request may wait.
            StatementsFound => _options.Limits.PartLife,
            // What belongs to the digest itself never changes.
            NoStatement { Refused.Count: 0 } when !request.Statements => _options.Limits.PositiveLife,
            _ => _options.Limits.NegativeLife,
        };
}
