using System.Runtime.CompilerServices;
using System.Text.Json;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Registry;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Credentials;
using DeployGuard.Statements;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Lookups;

/// <summary>One client for each list of registries that a policy has: what one policy lists, another one's lookups do not reach.</summary>
internal sealed class RegistryLookups : IDisposable
{
    /// <summary>
    /// More distinct lists than this replace each other: an edited policy leaves its former one behind. Where more are in use, lookups
    /// find nothing kept and take longer; what they find is the same.
    /// </summary>
    public const int Most = 128;

    /// <summary>Then nothing uses a client any more that was replaced: no request waits so long, and no lookup takes longer.</summary>
    public static readonly TimeSpan IdleAfter = TimeSpan.FromMinutes(2);

    /// <summary>Of all lists together.</summary>
    private static readonly LookupLimits s_limits = new();

    private static readonly string[] s_configKeys = [".dockerconfigjson", ".dockercfg"];

    /// <summary>A policy never changes; an edited one is read into another object.</summary>
    private readonly ConditionalWeakTable<SignedOrigin, string> _keys = [];

    private readonly Lock _lock = new();
    private readonly LinkedList<(string Key, RegistryLookup Lookup)> _byUse = [];
    private readonly Queue<(RegistryLookup Lookup, DateTimeOffset At)> _replaced = [];
    private readonly SharedMemory _memory;
    private readonly IOwnSecrets? _secrets;
    private readonly RegistryProxy _proxy;
    private readonly EvidenceTelemetry _telemetry;
    private readonly TimeProvider _time;

    public RegistryLookups(IOwnSecrets? secrets, RegistryProxy proxy, EvidenceTelemetry telemetry, TimeProvider time)
    {
        (_secrets, _proxy, _telemetry, _time) = (secrets, proxy, telemetry, time);
        _memory = new SharedMemory(s_limits, time);
        telemetry.ObserveResting(() => Resting);
    }

    /// <summary>The registries that are not called at present, because they keep failing or asked for a pause.</summary>
    private IReadOnlyList<string> Resting
    {
        get
        {
            lock (_lock)
            {
                return [.. _byUse.SelectMany(l => l.Lookup.Resting).Distinct()];
            }
        }
    }

    /// <exception cref="UnavailableException">The list has a mistake that only the client sees.</exception>
    public RegistryLookup Of(SignedOrigin signed)
    {
        var key = _keys.GetValue(signed, static s => JsonSerializer.Serialize(s.Registries));
        lock (_lock)
        {
            DisposeIdle();
            var node = _byUse.First;
            while (node is not null && node.Value.Key != key)
            {
                node = node.Next;
            }

            if (node is not null)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
                return node.Value.Lookup;
            }

            var lookup = Open(signed);
            _byUse.AddFirst((key, lookup));
            if (_byUse is { Count: > Most, Last: { } last })
            {
                _byUse.RemoveLast();
                // A request may have it in hand, or wait for its lookups.
                _replaced.Enqueue((last.Value.Lookup, _time.GetUtcNow()));
            }

            return lookup;
        }
    }

    /// <summary>The credentials that the policy names, as the Secrets are now.</summary>
    /// <exception cref="UnavailableException">A Secret is missing, or cannot be read.</exception>
    public CredentialSet CredentialsOf(SignedOrigin signed) =>
        signed.Registries.Select(r => r.PullSecret).OfType<string>().Distinct().ToList() is { Count: > 0 } names
            ? new CredentialSet([.. names.Select(ConfigOf)])
            : CredentialSet.None;

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var lookup in _byUse.Select(l => l.Lookup).Concat(_replaced.Select(r => r.Lookup)))
            {
                lookup.Dispose();
            }

            _byUse.Clear();
            _replaced.Clear();
        }
    }

    private void DisposeIdle()
    {
        while (_replaced.TryPeek(out var first) && _time.GetUtcNow() - first.At > IdleAfter)
        {
            _replaced.Dequeue().Lookup.Dispose();
        }
    }

    private DockerConfig ConfigOf(string name)
    {
        foreach (var key in s_configKeys)
        {
            if (_secrets?.Find(name, key) is { } content)
            {
                return DockerConfig.Parse(content, $"Secret {name}");
            }
        }

        throw new UnavailableException($"DeployGuard's namespace has no Secret {name} of type kubernetes.io/dockerconfigjson")
        {
            Remedy = $"Ask the platform team to create the Secret {name}, or to correct pullSecret of the registry in the policy",
        };
    }

    private RegistryLookup Open(SignedOrigin signed)
    {
        var options = PolicyRegistries.Of(signed) with
        {
            Proxy = _proxy.Url,
            NoProxy = _proxy.NoProxy,
            Observer = _telemetry.CountLookup,
            Limits = s_limits,
        };
        return options.Mistakes is [var mistake, ..]
            ? throw new UnavailableException($"origin.{mistake}") { Remedy = "Ask the platform team to correct origin of the policy" }
            : new RegistryLookup(options, _time, _memory);
    }
}
