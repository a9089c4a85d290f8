using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Rig;

/// <summary>A JSON client of the API server, for frequent requests that are not worth a kubectl process each.</summary>
public sealed class JsonApiClient : IDisposable
{
    private static readonly TimeSpan s_retryDelay = TimeSpan.FromMilliseconds(300);

    private readonly HttpClient _http;

    internal JsonApiClient(string server, string token)
    {
        // The server has a self-signed certificate, and listens on loopback.
        var trust = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
        };
        _http = new HttpClient(trust) { BaseAddress = new Uri(server), Timeout = TimeSpan.FromSeconds(60) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>An object or a list; null if it does not exist or the API server does not answer.</summary>
    public async Task<JsonElement?> FindAsync(string path, CancellationToken cancel = default)
    {
        try
        {
            using var response = await _http.GetAsync(Relative(path), cancel);
            return response.IsSuccessStatusCode ? await ParseAsync(response, cancel) : null;
        }
        catch (Exception away) when (IsAway(away, cancel))
        {
            return null;
        }
    }

    /// <summary>Whether the API server says that it is ready.</summary>
    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await _http.GetAsync(Relative("readyz"));
            return response.IsSuccessStatusCode;
        }
        catch (Exception away) when (IsAway(away, CancellationToken.None))
        {
            return false;
        }
    }

    /// <exception cref="InvalidOperationException">The API server refused; the message holds its answer.</exception>
    public Task CreateAsync(string path, string manifest) => WriteAsync(HttpMethod.Post, path, manifest, "application/json");

    /// <summary>Merges a patch into an object, as <c>kubectl patch --type=merge</c> does.</summary>
    /// <exception cref="InvalidOperationException">The API server refused; the message holds its answer.</exception>
    public Task MergeAsync(string path, string patch) => WriteAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");

    /// <summary>
    /// Lists a collection and then reports every change of it, in order, until it is cancelled. When the watch ends,
    /// or the API server was unavailable, it starts again with a new list.
    /// </summary>
    /// <param name="changed">The type of the event (ADDED, MODIFIED, DELETED) and the object.</param>
    public async Task FollowAsync(
        string path,
        Action<IReadOnlyList<JsonElement>> listed,
        Action<string, JsonElement> changed,
        CancellationToken cancel
    )
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (await FindAsync(path, cancel) is { } list)
                {
                    listed([.. list.GetProperty("items").EnumerateArray()]);
                    var version = list.GetProperty("metadata").GetProperty("resourceVersion").GetString();
                    await WatchAsync($"{path}?watch=true&resourceVersion={version}", changed, cancel);
                }
                else
                {
                    await Task.Delay(s_retryDelay, cancel);
                }
            }
            catch (Exception away) when (IsAway(away, cancel))
            {
                // The next round begins with a list.
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
        }
    }

    public void Dispose() => _http.Dispose();

    /// <returns>Null if the API server does not answer.</returns>
    internal async Task<HttpStatusCode?> SendAsync(
        HttpMethod method,
        string path,
        JsonObject? body,
        string contentType,
        CancellationToken cancel
    )
    {
        try
        {
            using var content = body is null
                ? null
                : new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(contentType));
            using var request = new HttpRequestMessage(method, Relative(path)) { Content = content };
            using var response = await _http.SendAsync(request, cancel);
            return response.StatusCode;
        }
        catch (Exception away) when (IsAway(away, cancel))
        {
            return null;
        }
    }

    private async Task WriteAsync(HttpMethod method, string path, string body, string contentType)
    {
        using var content = new StringContent(body, Encoding.UTF8, contentType);
        using var request = new HttpRequestMessage(method, Relative(path)) { Content = content };
        using var response = await _http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(
                $"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}"
            );
        }
    }

    private async Task WatchAsync(string path, Action<string, JsonElement> changed, CancellationToken cancel)
    {
        using var response = await _http.GetAsync(Relative(path), HttpCompletionOption.ResponseHeadersRead, cancel);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancel));
        while (response.IsSuccessStatusCode && await lines.ReadLineAsync(cancel) is { } line)
        {
            using var document = JsonDocument.Parse(line);
            var (type, item) = (document.RootElement.GetProperty("type").GetString() ?? "", document.RootElement.GetProperty("object"));
            if (type == "ERROR")
            {
                return;
            }

            changed(type, item.Clone());
        }
    }

    /// <summary>The API server is temporarily unavailable or too slow; the caller retries.</summary>
    private static bool IsAway(Exception fault, CancellationToken cancel) =>
        !cancel.IsCancellationRequested && fault is (HttpRequestException or IOException or OperationCanceledException or JsonException);

    private static Uri Relative(string path) => new(path, UriKind.Relative);

    private static async Task<JsonElement> ParseAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        using var document = await JsonDocument.ParseAsync(body, cancellationToken: cancel);
        return document.RootElement.Clone();
    }
}
