using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace DeployGuard.Rig;

/// <summary>
/// Simulates the scheduler and kubelets: binds every pod to a node, makes it Ready (a Job's: Succeeded), and removes deleted pods. It
/// watches pods. A pod labelled <c>rig/hold</c> stays unready; one labelled <c>rig/serve</c> runs and is Ready whatever its
/// restartPolicy.
/// </summary>
public sealed class PodSimulator : IAsyncDisposable
{
    private const int Workers = 6;

    private static readonly TimeSpan s_retryDelay = TimeSpan.FromMilliseconds(300);

    private readonly JsonApiClient _api;
    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<Channel<JsonElement>> _work =
    [
        .. Enumerable.Range(0, Workers).Select(_ => Channel.CreateUnbounded<JsonElement>()),
    ];
    private readonly Task _running;

    public PodSimulator(JsonApiClient api)
    {
        _api = api;
        var following = api.FollowAsync(
            "api/v1/pods",
            pods => pods.ToList().ForEach(Enqueue),
            (type, pod) => Enqueue(type, pod),
            _stop.Token
        );
        _running = Task.WhenAll([following, .. _work.Select(WorkAsync)]);
    }

    /// <summary>Names of pods whose containers fail where others succeed.</summary>
    public ConcurrentDictionary<string, bool> Failing { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private void Enqueue(string type, JsonElement pod)
    {
        if (type != "DELETED")
        {
            Enqueue(pod);
        }
    }

    /// <summary>The same worker handles all events of a pod, so that they are handled in order.</summary>
    private void Enqueue(JsonElement pod)
    {
        var worker = (PathOf(pod).GetHashCode(StringComparison.Ordinal) & int.MaxValue) % Workers;
        _work[worker].Writer.TryWrite(pod);
    }

    private async Task WorkAsync(Channel<JsonElement> work)
    {
        try
        {
            await foreach (var pod in work.Reader.ReadAllAsync(_stop.Token))
            {
                if (!await ReconcileAsync(pod))
                {
                    await RetryAsync(PathOf(pod));
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end of the rig.
        }
    }

    /// <summary>The API server was unavailable or refused: enqueues the current state of the pod again.</summary>
    private async Task RetryAsync(string path)
    {
        await Task.Delay(s_retryDelay, _stop.Token);
        if (await _api.FindAsync(path, _stop.Token) is { } now)
        {
            Enqueue(now);
        }
    }

    /// <returns>Whether all was done.</returns>
    private async Task<bool> ReconcileAsync(JsonElement pod)
    {
        var (metadata, spec, path) = (pod.GetProperty("metadata"), pod.GetProperty("spec"), PathOf(pod));
        if (metadata.TryGetProperty("deletionTimestamp", out _))
        {
            return IsDone(await _api.SendAsync(HttpMethod.Delete, path, EndOf(metadata), "application/json", _stop.Token));
        }

        if (!spec.TryGetProperty("nodeName", out _) && !IsDone(await BindAsync(path, metadata)))
        {
            return false;
        }

        var phase = pod.GetProperty("status").TryGetProperty("phase", out var p) ? p.GetString() : "";
        if (phase is "Running" or "Succeeded" or "Failed" || IsLabelled(metadata, "rig/hold"))
        {
            return true;
        }

        var ends =
            spec.TryGetProperty("restartPolicy", out var restart) && !restart.ValueEquals("Always") && !IsLabelled(metadata, "rig/serve");
        var status = PodStatus.Of(spec, ends, Failing.ContainsKey(metadata.GetProperty("name").GetString() ?? "") ? 1 : 0);
        status["metadata"] = new JsonObject { ["uid"] = Uid(metadata) };
        return IsDone(await _api.SendAsync(HttpMethod.Patch, $"{path}/status", status, "application/merge-patch+json", _stop.Token));
    }

    private Task<HttpStatusCode?> BindAsync(string path, JsonElement metadata) =>
        _api.SendAsync(
            HttpMethod.Post,
            $"{path}/binding",
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Binding",
                ["metadata"] = new JsonObject { ["name"] = metadata.GetProperty("name").GetString(), ["uid"] = Uid(metadata) },
                ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = "node-1" },
            },
            "application/json",
            _stop.Token
        );

    /// <summary>Of this pod, and not of one that has its name by now, as the pods of a StatefulSet do.</summary>
    private static JsonObject EndOf(JsonElement metadata) =>
        new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["gracePeriodSeconds"] = 0,
            ["preconditions"] = new JsonObject { ["uid"] = Uid(metadata) },
        };

    private static string? Uid(JsonElement metadata) => metadata.GetProperty("uid").GetString();

    /// <summary>Done, or nothing to do any more: the pod is gone, another has its name, or it was bound already.</summary>
    private static bool IsDone(HttpStatusCode? status) =>
        status is HttpStatusCode.NotFound or HttpStatusCode.Conflict or (>= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices);

    private static bool IsLabelled(JsonElement metadata, string label) =>
        metadata.TryGetProperty("labels", out var labels) && labels.TryGetProperty(label, out _);

    private static string PathOf(JsonElement pod)
    {
        var metadata = pod.GetProperty("metadata");
        return $"api/v1/namespaces/{metadata.GetProperty("namespace").GetString()}/pods/{metadata.GetProperty("name").GetString()}";
    }
}
