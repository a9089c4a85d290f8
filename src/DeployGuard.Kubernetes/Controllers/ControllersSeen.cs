using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Changes;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>
/// Remembers which machines make objects on behalf of others, and which change workloads of others, so that <c>deployguard doctor</c> can
/// tell who works here without being
/// trusted. Noting one costs a look into a small set; whether the owner exists is asked in the background, because an object may name any. A ConfigMap that
/// all replicas share is written only when the set grew.
/// </summary>
/// <param name="owners">What is known of the owner that an object in a namespace names.</param>
internal sealed class ControllersSeen(
    ApiConnection api, ClusterOptions options, Func<string, OwnerReference, CancellationToken, Task<OwnerIs>> owners, TimeProvider time, ILogger logger) : IMachineObserver
{
    public const int MaxUsers = 64;
    private const int MaxName = 256;
    private const int MaxClaims = 64;
    private const string KubeletPrefix = "system:node:";
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    /// <summary>How soon an owner is asked for again that was not found, or whose kind cannot be read.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string User, string Kind), ControllerSighting> _seen = new();
    private readonly MachineChanges _changes = new();
    private readonly Channel<Claim> _claims = Channel.CreateBounded<Claim>(new BoundedChannelOptions(MaxClaims) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<bool> _grown = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private string Folder => $"api/v1/namespaces/{options.Namespace}/configmaps";

    /// <summary>
    /// Takes note of the machine that creates an object which names a controller, if it was let in, and of the one that changes a workload
    /// of another namespace, also where
    /// it was refused. Kubelets are one for each node, and trusted by their group.
    /// </summary>
    public void Note(Request request, bool isAdmitted)
    {
        if (_changes.Note(request, isAdmitted))
        {
            _grown.Writer.TryWrite(true);
        }

        if (!isAdmitted || request is not { Operation: Operation.Create, DryRun: false } || !IsMade(request.Target.Kind) || ControllerOf(request) is not { } owner)
        {
            return;
        }

        var user = request.Requester.Username;
        var key = (user, request.Target.Kind);
        if (_seen.TryGetValue(key, out var sight) && (sight.Verified || time.GetElapsedTime(sight.AskedAt) < s_again))
        {
            return;
        }

        if (request.Requester.IsMachine && user.Length <= MaxName && !user.StartsWith(KubeletPrefix, StringComparison.Ordinal))
        {
            _claims.Writer.TryWrite(new Claim(user, request.Target.Kind, request.Target.Namespace, owner));
        }
    }

    /// <summary>Asks for owners, and writes what is new, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel) => await await Task.WhenAny(VerifyAsync(cancel), WriteWhenGrownAsync(cancel));

    private async Task VerifyAsync(CancellationToken cancel)
    {
        while (await _claims.Reader.WaitToReadAsync(cancel))
        {
            // The caches may not have seen yet what the controller saw.
            await Task.Delay(s_settle, time, cancel);
            for (var i = 0; i < MaxClaims && _claims.Reader.TryRead(out var claim); i++)
            {
                await VerifyAsync(claim, cancel);
            }
        }
    }

    private async Task VerifyAsync(Claim claim, CancellationToken cancel)
    {
        var key = (claim.User, claim.Kind);
        var known = _seen.GetValueOrDefault(key);
        if (known is { Verified: true } || (known is not null && time.GetElapsedTime(known.AskedAt) < s_again))
        {
            return;
        }

        try
        {
            var isVerified = await owners(claim.Namespace, claim.Owner, cancel) is OwnerIs.There;
            // Each sort has its own places: a flood of forged owners takes none from the controllers that work here.
            if (known is not null || _seen.Where(s => s.Value.Verified == isVerified).Select(s => s.Key.User).Append(claim.User).Distinct().Count() <= MaxUsers)
            {
                _seen[key] = new ControllerSighting(isVerified, time.GetTimestamp());
                if (known is null || isVerified)
                {
                    _grown.Writer.TryWrite(true);
                }
            }
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested && fault is ApiException or HttpRequestException or OperationCanceledException or JsonException)
        {
            // Its next object is asked about again.
            logger.LogWarning("the owner of a {Kind} that {User} made: {Fault}", claim.Kind, claim.User, fault.Message);
        }
    }

    private async Task WriteWhenGrownAsync(CancellationToken cancel)
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
        var known = SeenChanges.WriteAll(SeenChanges.ReadAll(stored?.RootElement));
        var changes = SeenChanges.WriteAll(_changes.Merge(SeenChanges.ReadAll(stored?.RootElement)));
        if (stored is null)
        {
            using var created = await api.WriteAsync(HttpMethod.Post, Folder, Document(null, text, changes), cancel);
        }
        else if (SeenController.WriteAll(SeenController.ReadAll(stored.RootElement)) != text || known != changes)
        {
            // A PUT that carries the version which was read fails if anybody wrote in between.
            var version = stored.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString();
            using var written = await api.WriteAsync(HttpMethod.Put, $"{Folder}/{options.ControllersSeen}", Document(version, text, changes), cancel);
        }
    }

    /// <summary>
    /// What is stored and what was seen here, sorted. Whether somebody is trusted is asked again: the chart's values may have changed since. Where
    /// there are too many, those stay whose owners exist, and of them those that work now.
    /// </summary>
    private IEnumerable<SeenController> Merge(IReadOnlyList<SeenController> stored)
    {
        var all = _seen.Select(s => (s.Key.User, s.Key.Kind, s.Value.Verified))
            .Concat(stored.SelectMany(s => s.Kinds.Where(IsMade).Select(k => (s.User, Kind: k, s.Verified))))
            .GroupBy(s => (s.User, s.Kind))
            .Select(g => (g.Key.User, g.Key.Kind, Verified: g.Any(s => s.Verified))).ToList();
        var users = all.OrderByDescending(s => s.Verified).Select(s => s.User).Distinct().Take(MaxUsers).ToHashSet();
        return all.Where(s => users.Contains(s.User))
            .GroupBy(s => (s.User, Trusted: options.Trusted.MayTrust(new Requester(s.User, "", []), s.Kind), s.Verified))
            .OrderBy(g => g.Key.User, StringComparer.Ordinal).ThenBy(g => g.Key.Trusted).ThenBy(g => g.Key.Verified)
            .Select(g => new SeenController(g.Key.User, [.. g.Select(s => s.Kind).Order(StringComparer.Ordinal)], g.Key.Trusted, g.Key.Verified));
    }

    private string Document(string? version, string text, string changes)
    {
        var metadata = new JsonObject { ["name"] = options.ControllersSeen, ["namespace"] = options.Namespace };
        Json.SetOrRemove(metadata, "resourceVersion", version);
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { [SeenController.Key] = text, [SeenChanges.Key] = changes } }.ToJsonString();
    }

    private static bool IsMade(string kind) => kind is "ReplicaSet" or "Pod" or "Job" or "ControllerRevision";

    private static OwnerReference? ControllerOf(Request request) => request switch
    {
        WorkloadRequest { After: { } made } => made.OwnerReferences.FirstOrDefault(o => o.IsController),
        OpaqueRequest opaque => opaque.Controller,
        _ => null,
    };

    /// <summary>A machine made an object of a kind that names an owner.</summary>
    private sealed record Claim(string User, string Kind, string Namespace, OwnerReference Owner);

    /// <param name="AskedAt">A timestamp.</param>
    private sealed record ControllerSighting(bool Verified, long AskedAt);
}
