using System.Net;
using System.Net.Security;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>
/// A self-made certificate in a Secret that all replicas share. A replica that finds the Secret empty fills it; by its resourceVersion only
/// one succeeds, and the others read what it wrote. The leader renews it.
/// </summary>
internal sealed class ManagedCertificate(ApiConnection api, ClusterOptions options, TimeProvider time, ILogger logger) : ICertificateSource
{
    private const string Order = "deployguard.io/rotate";

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    private Material? _loaded;

    public SslStreamCertificateContext? Current { get; private set; }

    public byte[]? CaBundle { get; private set; }

    public string? Problem { get; private set; }

    private string SecretPath => ApiPaths.One(ApiPaths.Secrets(options.Namespace), options.Secret);

    private IReadOnlyList<string> DnsNames =>
        [
            $"{options.Service}.{options.Namespace}.svc",
            $"{options.Service}.{options.Namespace}.svc.cluster.local",
            $"{options.Service}.{options.Namespace}",
            "localhost",
        ];

    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await SyncAsync(cancel);
                Problem = null;
                backoff.Reset();
                await Task.Delay(s_interval, time, cancel);
            }
            catch (ApiException raced) when (raced.StatusCode is HttpStatusCode.Conflict)
            {
                // Another replica wrote first; its certificate is read at once.
            }
            catch (Exception fault)
                when (!cancel.IsCancellationRequested
                    && fault is ApiException or HttpRequestException or CertificateProblemException or OperationCanceledException
                )
            {
                Problem = fault.Message;
                logger.LogWarning("the certificate in Secret {Secret}: {Fault}; retrying", options.Secret, fault.Message);
                await backoff.WaitAsync(cancel);
            }
        }
    }

    /// <summary>Takes the next step of <see cref="CertificatePlan"/>, if one is due.</summary>
    /// <param name="publishedFor">How long both webhook configurations have had a bundle; null while they do not.</param>
    /// <exception cref="CertificateProblemException">The content of the Secret cannot be read.</exception>
    public async Task RenewAsync(Func<byte[], TimeSpan?> publishedFor, CancellationToken cancel)
    {
        using var secret = await api.GetAsync(SecretPath, cancel);
        if (Material.Read(secret.RootElement, options.Secret) is not { } has)
        {
            return;
        }

        var order = OrderOf(secret.RootElement);
        if (order is not (null or "ca" or "certificate"))
        {
            logger.LogWarning(
                "the annotation {Order} of Secret {Secret} says \"{Value}\", which is neither ca nor certificate",
                Order,
                options.Secret,
                order
            );
        }

        if (
            CertificatePlan.Next(
                has,
                options.Secret,
                order,
                publishedFor(Encoding.UTF8.GetBytes(has.Bundle)),
                DnsNames,
                time.GetUtcNow()
            ) is
            { } step
        )
        {
            await WriteAsync(secret.RootElement, step.Result, order is null ? null : new JsonObject { [Order] = null }, cancel);
            logger.LogInformation("{What}, in Secret {Secret}", step.What, options.Secret);
        }
    }

    private async Task SyncAsync(CancellationToken cancel)
    {
        using var secret = await api.GetAsync(SecretPath, cancel);
        if (Material.Read(secret.RootElement, options.Secret) is not { } found)
        {
            // If the Secret was emptied, the served and trusted certificate is written back. With another CA every call would fail until
            // the API server trusts it.
            var former = _loaded;
            await WriteAsync(secret.RootElement, former ?? Material.Begin(DnsNames, time.GetUtcNow()), null, cancel);
            logger.LogInformation(
                "{What} Secret {Secret}",
                former is null ? "created a CA and a server certificate in" : "restored the CA and the certificate in",
                options.Secret
            );
            return;
        }

        try
        {
            Load(found);
        }
        catch (CertificateExpiredException expired)
        {
            // Without a certificate no replica leads, so each replica may replace it.
            await WriteAsync(secret.RootElement, CertificatePlan.Revive(found, options.Secret, DnsNames, time.GetUtcNow()), null, cancel);
            logger.LogWarning("{Problem}; created a new one", expired.Message);
        }
    }

    private async Task WriteAsync(JsonElement secret, Material material, JsonObject? annotations, CancellationToken cancel)
    {
        var metadata = new JsonObject { ["resourceVersion"] = secret.GetProperty("metadata").GetProperty("resourceVersion").GetString() };
        if (annotations is not null)
        {
            metadata["annotations"] = annotations;
        }

        var patch = new JsonObject { ["metadata"] = metadata, ["data"] = material.ToJson() };
        using var written = await api.WriteAsync(
            HttpMethod.Patch,
            SecretPath,
            patch.ToJsonString(),
            cancel,
            "application/merge-patch+json"
        );
        Load(material);
    }

    private void Load(Material material)
    {
        if (material == _loaded && Current is { } current && current.TargetCertificate.NotAfter > time.GetUtcNow().LocalDateTime)
        {
            return;
        }

        var names = ($"{options.Secret}/tls.crt", $"{options.Secret}/tls.key", $"{options.Secret}/ca.crt");
        // The old certificate is not disposed: handshakes in progress may use it.
        Current = CertificatePair.LoadToServe(material.Certificate, material.Key, material.Bundle, names, time.GetUtcNow());
        CaBundle = Encoding.UTF8.GetBytes(material.Bundle);
        _loaded = material;
    }

    private static string? OrderOf(JsonElement secret) =>
        secret.GetProperty("metadata").TryGetProperty("annotations", out var annotations)
        && annotations.TryGetProperty(Order, out var order)
            ? order.GetString()
            : null;
}
