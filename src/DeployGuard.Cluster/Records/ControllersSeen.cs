using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using DeployGuard.Cluster.Access;
using DeployGuard.Core.Changes;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Records;

/// <summary>
/// Remembers which machines make objects on behalf of others, so that <c>deployguard doctor</c> can tell who works here without being
/// trusted. Noting one costs a look into a small set; a ConfigMap that all replicas share is written only when that set grew.
/// </summary>
internal sealed class ControllersSeen(ApiConnection api, ClusterOptions options, TimeProvider time, ILogger logger)
{
    public const int MostUsers = 64;
    private const int LongestName = 256;
    private const string KubeletPrefix = "system:node:";
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string User, string Kind), bool> _seen = new();
    private readonly ConcurrentDictionary<string, bool> _users = new();
    private readonly Channel<bool> _grown = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private string Folder => $"api/v1/namespaces/{options.Namespace}/configmaps";

    /// <summary>
    /// Takes note of whoever creates an object that names a controller. Updates say nothing: anybody may label a pod. Kubelets are
    /// one for each node, and trusted by their group.
    /// </summary>
    public void Note(Request request)
    {
        if (request is not { Operation: Operation.Create, DryRun: false } || !NamesController(request) || !IsMade(request.Target.Kind))
        {
            return;
        }

        var user = request.Requester.Username;
        if (_seen.ContainsKey((user, request.Target.Kind)) || !request.Requester.IsMachine || user.Length > LongestName || user.StartsWith(KubeletPrefix, StringComparison.Ordinal))
        {
            return;
        }

        if (_users.ContainsKey(user) || (_users.Count < MostUsers && _users.TryAdd(user, true)))
        {
            _seen[(user, request.Target.Kind)] = true;
            _grown.Writer.TryWrite(true);
        }
    }

    /// <summary>Writes what is new until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time);
        while (await _grown.Reader.WaitToReadAsync(cancel))
        {
            // What comes together, as after a start, is written together.
            await Task.Delay(s_settle, time, cancel);
            _grown.Reader.TryRead(out _);
            try
            {
                await WriteAsync(cancel);
                backoff.Reset();
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested && fault is ApiException or HttpRequestException or OperationCanceledException or JsonException)
            {
                // Another replica that wrote first is met here as well: what it wrote is merged in the next round.
                logger.LogWarning("the controllers seen: {Fault}; trying again", fault.Message);
                _grown.Writer.TryWrite(true);
                await backoff.WaitAsync(cancel);
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        using var stored = await api.FindAsync($"{Folder}/{options.ControllersSeen}", cancel);
        var text = SeenController.WriteAll(Merge(SeenController.ReadAll(stored?.RootElement)));
        if (stored is null)
        {
            using var created = await api.WriteAsync(HttpMethod.Post, Folder, Document(null, text), cancel);
        }
        else if (SeenController.WriteAll(SeenController.ReadAll(stored.RootElement)) != text)
        {
            // A PUT that carries the version which was read fails if anybody wrote in between.
            var version = stored.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString();
            using var written = await api.WriteAsync(HttpMethod.Put, $"{Folder}/{options.ControllersSeen}", Document(version, text), cancel);
        }
    }

    /// <summary>
    /// What is stored and what was seen here, sorted. Whether somebody is trusted is asked anew: the chart's values may have changed since. Where
    /// there are too many, those that work now stay.
    /// </summary>
    private IEnumerable<SeenController> Merge(IReadOnlyList<SeenController> stored)
    {
        var own = _seen.Keys.ToList();
        var users = own.Select(s => s.User).Concat(stored.Select(s => s.User)).Distinct().Take(MostUsers).ToHashSet();
        return own.Concat(stored.SelectMany(s => s.Kinds.Where(IsMade).Select(k => (s.User, Kind: k))))
            .Where(s => users.Contains(s.User))
            .Distinct()
            .GroupBy(s => (s.User, Trusted: options.Trusted.Trusts(new Requester(s.User, "", []), s.Kind)))
            .OrderBy(g => g.Key.User, StringComparer.Ordinal).ThenBy(g => g.Key.Trusted)
            .Select(g => new SeenController(g.Key.User, [.. g.Select(s => s.Kind).Order(StringComparer.Ordinal)], g.Key.Trusted));
    }

    private string Document(string? version, string text)
    {
        var metadata = new JsonObject { ["name"] = options.ControllersSeen, ["namespace"] = options.Namespace };
        Json.SetOrRemove(metadata, "resourceVersion", version);
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { [SeenController.Key] = text } }.ToJsonString();
    }

    private static bool IsMade(string kind) => kind is "ReplicaSet" or "Pod" or "Job" or "ControllerRevision";

    private static bool NamesController(Request request) => request switch
    {
        WorkloadRequest { After.ControllerUid: not null } => true,
        OpaqueRequest { NamesController: true } => true,
        _ => false,
    };
}
