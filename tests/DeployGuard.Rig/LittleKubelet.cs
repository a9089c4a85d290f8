using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Rig;

/// <summary>
/// Stands in for scheduler and kubelets: gives every pod a node, makes it Ready (a Job's: Succeeded), and lets deleted pods go. A
/// pod labelled <c>rig/hold</c> stays unready.
/// </summary>
public sealed class LittleKubelet : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public LittleKubelet(string server, string token)
    {
        // The server's certificate is of its own making, and it listens on loopback.
        var trust = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        _http = new HttpClient(trust) { BaseAddress = new Uri(server), Timeout = TimeSpan.FromSeconds(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(150));
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await LookAfterAllAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end of the rig.
        }
    }

    private async Task LookAfterAllAsync()
    {
        try
        {
            var pods = await _http.GetFromJsonElementAsync("api/v1/pods", _stop.Token);
            foreach (var pod in pods.GetProperty("items").EnumerateArray())
            {
                await LookAfterAsync(pod);
            }
        }
        catch (Exception fault) when (!_stop.IsCancellationRequested && fault is HttpRequestException or OperationCanceledException or IOException)
        {
            // The API server is away for a moment, or too slow; the next round finds out.
        }
    }

    private async Task LookAfterAsync(JsonElement pod)
    {
        var metadata = pod.GetProperty("metadata");
        var path = $"api/v1/namespaces/{metadata.GetProperty("namespace").GetString()}/pods/{metadata.GetProperty("name").GetString()}";
        if (metadata.TryGetProperty("deletionTimestamp", out _))
        {
            using var gone = await _http.DeleteAsync(new Uri($"{path}?gracePeriodSeconds=0", UriKind.Relative), _stop.Token);
            return;
        }

        var spec = pod.GetProperty("spec");
        if (!spec.TryGetProperty("nodeName", out _))
        {
            await SendAsync(HttpMethod.Post, $"{path}/binding", new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Binding",
                ["metadata"] = new JsonObject { ["name"] = metadata.GetProperty("name").GetString() },
                ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = "node-1" },
            }, "application/json");
        }

        var held = metadata.TryGetProperty("labels", out var labels) && labels.TryGetProperty("rig/hold", out _);
        var phase = pod.GetProperty("status").TryGetProperty("phase", out var p) ? p.GetString() : "";
        if (phase is "Running" or "Succeeded" || held)
        {
            return;
        }

        var isJob = spec.TryGetProperty("restartPolicy", out var restart) && !restart.ValueEquals("Always");
        await SendAsync(HttpMethod.Patch, $"{path}/status", Status(spec, isJob), "application/merge-patch+json");
    }

    private static JsonObject Status(JsonElement spec, bool isJob)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        JsonObject Condition(string type) => new() { ["type"] = type, ["status"] = isJob ? "False" : "True", ["lastTransitionTime"] = now };
        var state = isJob
            ? new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = 0, ["startedAt"] = now, ["finishedAt"] = now } }
            : new JsonObject { ["running"] = new JsonObject { ["startedAt"] = now } };
        return new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["phase"] = isJob ? "Succeeded" : "Running",
                ["conditions"] = new JsonArray(Condition("Ready"), Condition("ContainersReady")),
                ["containerStatuses"] = new JsonArray([.. spec.GetProperty("containers").EnumerateArray().Select(c => (JsonNode)new JsonObject
                {
                    ["name"] = c.GetProperty("name").GetString(),
                    ["image"] = c.GetProperty("image").GetString(),
                    ["imageID"] = "",
                    ["ready"] = !isJob,
                    ["restartCount"] = 0,
                    ["state"] = state.DeepClone(),
                })]),
            },
        };
    }

    private async Task SendAsync(HttpMethod method, string path, JsonObject body, string contentType)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(contentType));
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        // A pod that went meanwhile, or that a controller wrote first, is looked at again in the next round.
        using var response = await _http.SendAsync(request, _stop.Token);
    }
}

internal static class HttpClientJson
{
    public static async Task<JsonElement> GetFromJsonElementAsync(this HttpClient http, string path, CancellationToken cancel)
    {
        await using var body = await http.GetStreamAsync(new Uri(path, UriKind.Relative), cancel);
        using var document = await JsonDocument.ParseAsync(body, cancellationToken: cancel);
        return document.RootElement.Clone();
    }
}
