using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cluster.Access;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Certificates;

/// <summary>
/// A certificate of our own making in a Secret that all replicas share. Whoever finds the Secret empty fills it; the Secret's
/// resourceVersion sees to it that one of them wins and the others take what he wrote.
/// </summary>
internal sealed class ManagedCertificate(ApiConnection api, ClusterOptions options, TimeProvider time, ILogger logger) : ICertificateSource
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);

    private string? _loaded;

    public X509Certificate2? Current { get; private set; }

    public byte[]? CaBundle { get; private set; }

    private string SecretPath => $"api/v1/namespaces/{options.Namespace}/secrets/{options.Secret}";

    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await SyncAsync(cancel);
                backoff.Reset();
                await Task.Delay(s_interval, time, cancel);
            }
            catch (ApiException raced) when (raced.StatusCode is HttpStatusCode.Conflict)
            {
                // Another replica filled it first; its certificate is read at once.
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested && fault is ApiException or HttpRequestException or CertificateProblemException or OperationCanceledException)
            {
                logger.LogWarning("the certificate in Secret {Secret}: {Fault}; trying again", options.Secret, fault.Message);
                await backoff.WaitAsync(cancel);
            }
        }
    }

    private async Task SyncAsync(CancellationToken cancel)
    {
        using var secret = await api.GetAsync(SecretPath, cancel);
        if (!secret.RootElement.TryGetProperty("data", out var data) || !data.TryGetProperty("tls.crt", out _))
        {
            using var filled = await FillAsync(secret.RootElement, cancel);
            Load(filled.RootElement.GetProperty("data"));
            return;
        }

        Load(data);
    }

    private async Task<JsonDocument> FillAsync(JsonElement secret, CancellationToken cancel)
    {
        var certificate = NewCertificate.For(
            [$"{options.Service}.{options.Namespace}.svc", $"{options.Service}.{options.Namespace}.svc.cluster.local", $"{options.Service}.{options.Namespace}", "localhost"],
            time.GetUtcNow());
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = secret.GetProperty("metadata").GetProperty("resourceVersion").GetString() },
            ["data"] = new JsonObject
            {
                ["ca.crt"] = Encode(certificate.CaCertificate),
                ["ca.key"] = Encode(certificate.CaKey),
                ["tls.crt"] = Encode(certificate.Certificate),
                ["tls.key"] = Encode(certificate.Key),
            },
        };
        var written = await api.WriteAsync(HttpMethod.Patch, SecretPath, patch.ToJsonString(), cancel, "application/merge-patch+json");
        logger.LogInformation("made a CA and a server certificate and put them into Secret {Secret}", options.Secret);
        return written;
    }

    private void Load(JsonElement data)
    {
        var (certificate, key, ca) = (Decode(data, "tls.crt"), Decode(data, "tls.key"), Decode(data, "ca.crt"));
        if (certificate + key + ca == _loaded)
        {
            return;
        }

        var names = ($"{options.Secret}/tls.crt", $"{options.Secret}/tls.key", $"{options.Secret}/ca.crt");
        Current = CertificatePair.Load(certificate, key, ca, names, time.GetUtcNow());
        CaBundle = Encoding.UTF8.GetBytes(ca);
        _loaded = certificate + key + ca;
    }

    private static string Encode(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));

    private string Decode(JsonElement data, string name)
    {
        if (!data.TryGetProperty(name, out var value) || !value.TryGetBytesFromBase64(out var bytes))
        {
            throw new CertificateProblemException($"{options.Secret}/{name}: is missing");
        }

        return Encoding.UTF8.GetString(bytes);
    }
}
