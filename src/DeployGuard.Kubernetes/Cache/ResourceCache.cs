using System.Net;
using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Keeps the needed fields of every object of one resource. Lists in pages, then watches with bookmarks; resumes where it left off, and
/// lists again when the server no longer has that version (410). Readers never see a half-filled cache: a new list replaces the old content
/// at once.
/// </summary>
/// <param name="name">The name in metrics and logs: <c>deployments</c>.</param>
/// <param name="locate">Finds the path of the collection, <c>apis/apps/v1/deployments</c>; called before every list.</param>
/// <param name="project">From the object's JSON; null for objects that are not kept. Must not keep the element.</param>
/// <param name="indexBy">Further keys of an object; null for none.</param>
public sealed class ResourceCache<T>(
    string name,
    Func<CancellationToken, ValueTask<string>> locate,
    Func<JsonElement, T?> project,
    Func<T, IReadOnlyList<string>>? indexBy,
    ApiConnection api,
    TimeProvider time,
    ILogger logger
) : IResourceCache
    where T : class
{
    /// <summary>The server ends a watch after this time; a dead connection is noticed a little later.</summary>
    private static readonly TimeSpan s_watchFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_silence = s_watchFor + TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private Index<T> _content = new(indexBy ?? (static _ => []));
    private string _path = "";
    private long _heardAt = time.GetTimestamp();
    private Refusal? _refusal;

    public string Name { get; } = name;

    public bool IsSynced { get; private set; }

    public TimeSpan Silence => time.GetElapsedTime(Interlocked.Read(ref _heardAt));

    /// <summary>How long the API server has answered nothing but 401 or 403; null while it has not since something was heard.</summary>
    public TimeSpan? RefusedFor => Volatile.Read(ref _refusal) is { } refusal ? time.GetElapsedTime(refusal.Since) : null;

    /// <summary>Raised after every change of the content, outside of any lock.</summary>
    public event Action? Changed;

    public T? Find(string key)
    {
        lock (_lock)
        {
            return _content.Find(key);
        }
    }

    /// <summary>The objects under a key of the index, in no order.</summary>
    public IReadOnlyList<T> Under(string indexKey)
    {
        lock (_lock)
        {
            return _content.Under(indexKey);
        }
    }

    /// <summary>
    /// All objects, grouped by their further keys: the same list as before, where nothing changed, and otherwise the same list for each
    /// unchanged group.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<T>> Groups()
    {
        lock (_lock)
        {
            return _content.Groups();
        }
    }

    /// <summary>All objects, in no order: the same list as before, where nothing changed.</summary>
    public IReadOnlyList<T> All()
    {
        lock (_lock)
        {
            return _content.All();
        }
    }

    /// <summary>The objects of one namespace, read live in pages; the cache is not changed.</summary>
    /// <param name="namespace">Empty for all of them.</param>
    /// <param name="named">Only the one of that name; empty for all.</param>
    public async Task<IReadOnlyList<T>> ReadLiveAsync(string @namespace, CancellationToken cancel, string named = "")
    {
        var collection = await locate(cancel);
        var items = new List<T>();
        await api.ListAnyDepthAsync(
            @namespace.Length == 0 ? collection : ApiPaths.In(collection, @namespace),
            item => items.AddRange(Project(item) is { } read ? [read] : []),
            cancel,
            named.Length == 0 ? "" : $"fieldSelector=metadata.name%3D{Uri.EscapeDataString(named)}"
        );
        return items;
    }

    /// <summary>Runs until it is cancelled; no fault of the server or the network ends it.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time);
        string? resumeAt = null;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                resumeAt ??= await ListAsync(cancel);
                resumeAt = await WatchAsync(resumeAt, cancel);
                backoff.Reset();
            }
            catch (ApiException gone) when (gone.StatusCode is HttpStatusCode.Gone)
            {
                // The server no longer has this version: list again.
                resumeAt = null;
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested && IsPassing(fault))
            {
                logger.LogWarning(IsUnreadable(fault) ? fault : null, "watching {Resource}: {Fault}; retrying", Name, fault.Message);
                if (fault is ApiException { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } && _refusal is null)
                {
                    Volatile.Write(ref _refusal, new Refusal(time.GetTimestamp()));
                }

                resumeAt = fault is HttpRequestException or IOException or OperationCanceledException ? resumeAt : null;
                await backoff.WaitAsync(cancel);
            }
        }
    }

    /// <summary>A fault of the server or the network, or an unreadable answer: the watch goes on.</summary>
    private static bool IsPassing(Exception fault) =>
        fault is ApiException or HttpRequestException or IOException or OperationCanceledException or JsonException || IsUnreadable(fault);

    private static bool IsUnreadable(Exception fault) => fault is InvalidOperationException or KeyNotFoundException or FormatException;

    private async Task<string> ListAsync(CancellationToken cancel)
    {
        _path = await locate(cancel);
        var fresh = new Index<T>(indexBy ?? (static _ => []));
        var version = await api.ListAnyDepthAsync(_path, item => fresh.Put(KeyOf(item), Project(item)), cancel);
        lock (_lock)
        {
            _content = fresh;
            IsSynced = true;
        }

        Heard();

        Changed?.Invoke();
        return version;
    }

    /// <summary>Returns the version to resume at when the server ends the watch normally.</summary>
    private async Task<string> WatchAsync(string version, CancellationToken cancel)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        silence.CancelAfter(s_silence);
        using var response = await api.OpenAsync(
            $"{_path}?watch=true&allowWatchBookmarks=true&timeoutSeconds={(int)s_watchFor.TotalSeconds}&resourceVersion={version}",
            silence.Token
        );
        Heard();
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(silence.Token));
        while (await lines.ReadLineAsync(silence.Token) is { } line)
        {
            Heard();
            using var change = JsonDocument.Parse(line, ObjectDepth.ParseOptions);
            version = Apply(change.RootElement) ?? version;
        }

        return version;
    }

    private void Heard()
    {
        Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
        Volatile.Write(ref _refusal, null);
    }

    /// <summary>Returns the object's resource version, to resume at.</summary>
    private string? Apply(JsonElement change)
    {
        var type = change.GetProperty("type").GetString();
        var item = change.GetProperty("object");
        if (type == "ERROR")
        {
            var code = item.TryGetProperty("code", out var c) && c.TryGetInt32(out var number) ? number : 500;
            throw new ApiException(
                (HttpStatusCode)code,
                _path,
                item.TryGetProperty("message", out var message) ? message.ToString() : "the watch failed"
            );
        }

        if (type != "BOOKMARK")
        {
            lock (_lock)
            {
                _content.Put(KeyOf(item), type == "DELETED" ? null : Project(item));
            }

            Changed?.Invoke();
        }

        return item.GetProperty("metadata").GetProperty("resourceVersion").GetString();
    }

    /// <summary>An object that cannot be read is left out and logged, so that it does not hide the others.</summary>
    private T? Project(JsonElement item)
    {
        try
        {
            return ObjectDepth.IsReadable(item) ? project(item) : throw new MalformedObjectException("", "is nested too deeply");
        }
        catch (Exception fault) when (fault is MalformedObjectException || IsUnreadable(fault))
        {
            logger.LogError("{Resource} {Key} cannot be read: {Problem}", Name, KeyOf(item), fault.Message);
            return null;
        }
    }

    private static string KeyOf(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        var @namespace = metadata.TryGetProperty("namespace", out var ns) ? ns.GetString() ?? "" : "";
        return ObjectKey.Of(@namespace, metadata.GetProperty("name").GetString() ?? "");
    }

    /// <param name="Since">The first one, as a timestamp.</param>
    private sealed record Refusal(long Since);
}

/// <summary>A cache of any resource, as the host runs and reports it.</summary>
public interface IResourceCache
{
    string Name { get; }

    bool IsSynced { get; }

    /// <summary>Time since the last event, bookmark or start of a watch.</summary>
    TimeSpan Silence { get; }

    Task RunAsync(CancellationToken cancel);
}
