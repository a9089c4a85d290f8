using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using DeployGuard.Manifests;
using k8s;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Plain JSON over the client's HTTP connection and credentials. The caches keep a few fields of each object, so decoding full models would
/// be wasted.
/// </summary>
public sealed class ApiConnection(k8s.Kubernetes client) : IDisposable
{
    private const int PageSize = 500;
    private const int MaxMessage = 300;
    private const string MetadataAlone = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=1,application/json";
    private const string InClusterCa = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

    /// <summary>For leader election, which the client library implements.</summary>
    public k8s.Kubernetes Client { get; } = client;

    /// <param name="kubeconfig">Null for the service account of the pod.</param>
    /// <exception cref="k8s.Exceptions.KubeConfigException">The pod's account cannot be used.</exception>
    /// <exception cref="ManifestException">The file cannot be used.</exception>
    public static ApiConnection Open(FileInfo? kubeconfig) =>
        kubeconfig is null
            ? Open(KubernetesClientConfiguration.InClusterConfig(), InClusterCa)
            : new ApiConnection(KubeconfigFile.Open(kubeconfig.ToString(), null).Client);

    /// <param name="authority">File with the CA of the API server, read again when it changes; the client would read it once.</param>
    internal static ApiConnection Open(KubernetesClientConfiguration configuration, string authority)
    {
        var ca = new ApiAuthority(authority);
        configuration.SslCaCerts = null;
        configuration.FirstMessageHandlerSetup = handler =>
            handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, chain, errors) =>
                ca.Validates(presented as X509Certificate2, chain, errors);
        return new ApiConnection(new k8s.Kubernetes(configuration));
    }

    /// <exception cref="ApiException">The API server refused.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public Task<JsonDocument> GetAsync(string path, CancellationToken cancel) => GetAsync(path, null, cancel);

    private async Task<JsonDocument> GetAsync(string path, string? accept, CancellationToken cancel)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, cancel, accept);
        return await ParseAsync(response, cancel);
    }

    /// <summary>As <see cref="GetAsync"/>; null if it does not exist.</summary>
    public async Task<JsonDocument?> FindAsync(string path, CancellationToken cancel)
    {
        try
        {
            return await GetAsync(path, cancel);
        }
        catch (ApiException missing) when (missing.StatusCode is System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Reads a collection in pages.</summary>
    /// <param name="item">Gets every item; must not keep it.</param>
    /// <param name="query">Further parameters of the query, escaped, such as <c>labelSelector=app%3Dweb</c>; empty for none.</param>
    /// <returns>The version of the collection, to watch from.</returns>
    /// <exception cref="HttpRequestException">It could not be read, or an item is nested too deeply.</exception>
    public Task<string> ListAsync(string path, Action<JsonElement> item, CancellationToken cancel, string query = "") =>
        ListAsync(path, null, found => item(Readable(path, found)), query, cancel);

    /// <summary>The same for a caller that asks <see cref="ObjectDepth.IsReadable(JsonElement)"/> of each item.</summary>
    internal Task<string> ListAnyDepthAsync(string path, Action<JsonElement> item, CancellationToken cancel, string query = "") =>
        ListAsync(path, null, item, query, cancel);

    /// <summary>
    /// As <see cref="ListAsync(string, Action{JsonElement}, CancellationToken, string)"/>, with only the metadata of each item.
    /// </summary>
    public Task<string> ListMetadataAsync(string path, Action<JsonElement> item, CancellationToken cancel, string query = "") =>
        ListAsync(path, MetadataAlone, found => item(Readable(path, found)), query, cancel);

    private async Task<string> ListAsync(string path, string? accept, Action<JsonElement> item, string query, CancellationToken cancel)
    {
        var more = query.Length == 0 ? "" : $"&{query}";
        var page = "";
        string version;
        do
        {
            using var response = await SendAsync(HttpMethod.Get, $"{path}?limit={PageSize}{more}{page}", null, cancel, accept);
            await using var body = await response.Content.ReadAsStreamAsync(cancel);
            using var list = new ListReader(body);
            while (await NextAsync(list, response, cancel) is { } element)
            {
                using (element)
                {
                    item(element.RootElement);
                }
            }

            version = list.Version;
            page = list.Next.Length == 0 ? "" : $"&continue={Uri.EscapeDataString(list.Next)}";
        } while (page.Length > 0);

        return version;
    }

    /// <summary>Writes an object and returns it as stored.</summary>
    /// <param name="contentType"><c>application/json</c> for POST and PUT, or a patch type.</param>
    public async Task<JsonDocument> WriteAsync(
        HttpMethod method,
        string path,
        string body,
        CancellationToken cancel,
        string contentType = "application/json"
    )
    {
        using var content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(contentType));
        using var response = await SendAsync(method, path, content, cancel);
        return await ParseAsync(response, cancel);
    }

    /// <summary>Deletes an object, if it exists.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancel)
    {
        try
        {
            using var response = await SendAsync(HttpMethod.Delete, path, null, cancel);
        }
        catch (ApiException gone) when (gone.StatusCode is System.Net.HttpStatusCode.NotFound)
        {
            // Deleted already.
        }
    }

    /// <summary>The stream of a watch; disposing the response ends it.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancel) => SendAsync(HttpMethod.Get, path, null, cancel);

    public void Dispose() => Client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? content,
        CancellationToken cancel,
        string? accept = null
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(Client.BaseUri, path)) { Content = content };
        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        if (Client.Credentials is { } credentials)
        {
            await credentials.ProcessHttpRequestAsync(request, cancel);
        }

        var response = await Client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new ApiException(response.StatusCode, path, MessageOf(await response.Content.ReadAsStringAsync(cancel)));
        }
    }

    /// <exception cref="HttpRequestException">The answer is incomplete, or is not JSON.</exception>
    private static async Task<JsonDocument> ParseAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancel);
            var document = await JsonDocument.ParseAsync(body, ObjectDepth.ParseOptions, cancel);
            _ = Readable(response.RequestMessage?.RequestUri?.AbsolutePath, document.RootElement);
            return document;
        }
        catch (Exception cut) when (cut is IOException or JsonException)
        {
            throw Unreadable(response, cut);
        }
    }

    /// <exception cref="HttpRequestException">The answer is incomplete, or is no list.</exception>
    private static async ValueTask<JsonDocument?> NextAsync(ListReader list, HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            return await list.NextAsync(cancel);
        }
        catch (Exception cut) when (cut is IOException or JsonException)
        {
            throw Unreadable(response, cut);
        }
    }

    /// <exception cref="HttpRequestException">It is nested too deeply.</exception>
    private static JsonElement Readable(string? path, JsonElement obj) =>
        ObjectDepth.IsReadable(obj) ? obj : throw new HttpRequestException($"{path}: the answer cannot be read: it is nested too deeply");

    private static HttpRequestException Unreadable(HttpResponseMessage response, Exception cut) =>
        new($"{response.RequestMessage?.RequestUri?.AbsolutePath}: the answer cannot be read: {cut.Message}", cut);

    /// <summary>The message of a Status object, or the beginning of another body.</summary>
    private static string MessageOf(string body)
    {
        try
        {
            using var status = JsonDocument.Parse(body);
            if (status.RootElement.ValueKind is JsonValueKind.Object && status.RootElement.TryGetProperty("message", out var message))
            {
                return message.ToString();
            }
        }
        catch (JsonException)
        {
            // A proxy's page or a plain text: shown as it is.
        }

        return body.Length > MaxMessage ? body[..MaxMessage] : body;
    }
}
