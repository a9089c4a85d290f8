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

    private Task? _watch;

    public ReadOnlyMemory<byte>? Find(string name, string key)
    {
        if (!_cache.IsSynced)
        {
            throw new UnavailableException(
                $"the Secrets of namespace {@namespace} are not read yet; the chart's value originSecrets lets DeployGuard read them"
            )
            {
                Remedy =
                    "Retry in a minute, if DeployGuard has just started. Otherwise ask the platform team to set originSecrets of the chart to true",
            };
        }

        if (_cache.Find(ObjectKey.Of(@namespace, name)) is { } secret && secret.Data.TryGetValue(key, out var content))
        {
            return content;
        }

        return null;
    }

    /// <summary>Starts to watch once a policy names a Secret. Nothing is read before.</summary>
    public void Follow(bool isNeeded, CancellationToken cancel) => _watch ??= isNeeded ? _cache.RunAsync(cancel) : null;

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
