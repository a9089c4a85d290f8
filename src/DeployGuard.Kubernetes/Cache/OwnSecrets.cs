using System.Text.Json;
using DeployGuard.Core.Ports;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The Secrets of DeployGuard's own namespace, watched from the moment at which a policy names one. Credentials of other types than a
/// policy can name are not kept.
/// </summary>
internal sealed class OwnSecrets(ApiConnection api, string @namespace, TimeProvider time, ILogger logger) : IOwnSecrets
{
    private static readonly string[] s_types = ["Opaque", "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

    private readonly ResourceCache<SecretEntry> _cache = new(
        "secrets",
        _ => ValueTask.FromResult(ApiPaths.Secrets(@namespace)),
        Read,
        null,
        api,
        time,
        logger
    );

    /// <summary>
    /// Who takes a key out of its Secret revokes it: what cannot be watched does not count for longer. The API server says something each
    /// minute or so, and a short outage of it must not stop every deployment.
    /// </summary>
    private static readonly TimeSpan s_maxSilence = TimeSpan.FromMinutes(2);

    /// <summary>The authorizer of an API server that has just started may refuse everybody.</summary>
    private static readonly TimeSpan s_maxRefused = TimeSpan.FromSeconds(15);

    private const string SetOriginSecrets = "ask the platform team to set originSecrets of the chart to true";

    private Task? _watch;

    /// <summary>For metrics; null while nothing is watched.</summary>
    public IResourceCache? Watched => _watch is null ? null : _cache;

    public ReadOnlyMemory<byte>? Find(string name, string key)
    {
        ThrowIfUnknown();
        if (_cache.Find(ObjectKey.Of(@namespace, name)) is { } secret && secret.Data.TryGetValue(key, out var content))
        {
            return content;
        }

        return null;
    }

    /// <summary>Starts to watch once a policy names a Secret. Nothing is read before.</summary>
    public void Follow(bool isNeeded, CancellationToken cancel) => _watch ??= isNeeded ? _cache.RunAsync(cancel) : null;

    /// <exception cref="UnavailableException">What is in the cache may no longer be so.</exception>
    private void ThrowIfUnknown()
    {
        if (_cache.RefusedFor is { } refused && (!_cache.IsSynced || refused > s_maxRefused))
        {
            throw new UnavailableException($"the API server does not let DeployGuard read the Secrets of namespace {@namespace}")
            {
                Remedy = $"A{SetOriginSecrets[1..]}",
            };
        }

        if (!_cache.IsSynced)
        {
            throw new UnavailableException($"the Secrets of namespace {@namespace} are not read yet")
            {
                Remedy = $"Retry in a minute, if DeployGuard has just started. Otherwise {SetOriginSecrets}",
            };
        }

        if (_cache.Silence > s_maxSilence)
        {
            throw new UnavailableException(
                $"the Secrets of namespace {@namespace} have not been read for {_cache.Silence.TotalMinutes:0} minutes"
            )
            {
                Remedy =
                    "Retry in a minute. If it persists, ask the platform team to see why DeployGuard cannot watch Secrets: its log says it, "
                    + "and originSecrets of the chart must be true",
            };
        }
    }

    private static SecretEntry? Read(JsonElement secret) =>
        secret.TryGetProperty("type", out var type)
        && s_types.Contains(type.GetString())
        && secret.TryGetProperty("data", out var data)
        && data.ValueKind is JsonValueKind.Object
            ? new SecretEntry(
                data.EnumerateObject()
                    .ToDictionary(f => f.Name, f => (ReadOnlyMemory<byte>)f.Value.GetBytesFromBase64(), StringComparer.Ordinal)
            )
            : null;

    private sealed record SecretEntry(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Data);
}
