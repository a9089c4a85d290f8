using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>
/// Remembers which controllers create objects for an owner, and which change workloads of other namespaces, so that <c>deployguard
/// doctor</c> can list those that are not trusted. Noting one is a lookup in a small set. Whether the owner exists is verified in the
/// background, because an object may name any owner. A ConfigMap that all replicas share is written only when the set has grown.
/// </summary>
/// <param name="owners">Looks up the owner that an object in a namespace names.</param>
internal sealed class ControllersSeen(
    ApiConnection api,
    ClusterOptions options,
    Func<string, OwnerReference, CancellationToken, Task<OwnerIs>> owners,
    TimeProvider time,
    ILogger logger
) : IMachineObserver
{
    public const int MaxUsers = 64;
    private const int MaxName = 256;
    private const int MaxClaims = 64;
    private const string KubeletPrefix = "system:node:";
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    /// <summary>When to look up an owner again that was not found, or whose kind cannot be read.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string User, string Kind), ControllerSighting> _seen = new();
    private readonly MachineChanges _changes = new();
    private readonly Channel<OwnerClaim> _claims = Channel.CreateBounded<OwnerClaim>(
        new BoundedChannelOptions(MaxClaims) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly Channel<bool> _grown = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );

    /// <summary>
    /// Notes a service account that creates an object with a controlling owner, if the request was admitted; and one that changes a
    /// workload of another namespace, also if it was refused. Kubelets are not noted: they are trusted by their group.
    /// </summary>
    public void Note(Request request, bool isAdmitted)
    {
        if (_changes.Note(request, isAdmitted))
        {
            _grown.Writer.TryWrite(true);
        }

        if (
            !isAdmitted
            || request is not { Operation: Operation.Create, DryRun: false }
            || !IsCreatedByControllers(request.Target.Kind)
            || ControllerOf(request) is not { } owner
        )
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
            _claims.Writer.TryWrite(new OwnerClaim(user, request.Target.Kind, request.Target.Namespace, owner));
        }
    }

    /// <summary>Verifies owners, and writes new entries, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel) => await await Task.WhenAny(VerifyAsync(cancel), WriteWhenGrownAsync(cancel));

    private async Task VerifyAsync(CancellationToken cancel)
    {
        while (await _claims.Reader.WaitToReadAsync(cancel))
        {
            // The caches may lag behind the controller.
            await Task.Delay(s_settle, time, cancel);
            for (var i = 0; i < MaxClaims && _claims.Reader.TryRead(out var claim); i++)
            {
                await VerifyAsync(claim, cancel);
            }
        }
    }

    private async Task VerifyAsync(OwnerClaim claim, CancellationToken cancel)
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
            // Verified and unverified users have limits of their own: a flood of forged owners displaces no controller.
            if (
                known is not null
                || _seen.Where(s => s.Value.Verified == isVerified).Select(s => s.Key.User).Append(claim.User).Distinct().Count()
                    <= MaxUsers
            )
            {
                _seen[key] = new ControllerSighting(isVerified, time.GetTimestamp());
                if (known is null || isVerified)
                {
                    _grown.Writer.TryWrite(true);
                }
            }
        }
        catch (Exception fault)
            when (!cancel.IsCancellationRequested
                && fault is ApiException or HttpRequestException or OperationCanceledException or JsonException
            )
        {
            // Its next object is verified again.
            logger.LogWarning("cannot look up the owner of a {Kind} that {User} created: {Fault}", claim.Kind, claim.User, fault.Message);
        }
    }

    private async Task WriteWhenGrownAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time);
        while (await _grown.Reader.WaitToReadAsync(cancel))
        {
            // Entries that come together, as after a start, are written together.
            await Task.Delay(s_settle, time, cancel);
            _grown.Reader.TryRead(out _);
            try
            {
                await WriteAsync(cancel);
                backoff.Reset();
            }
            catch (Exception fault)
                when (!cancel.IsCancellationRequested
                    && fault is ApiException or HttpRequestException or OperationCanceledException or JsonException
                )
            {
                // Also if another replica wrote first: its entries are merged in the next round.
                logger.LogWarning("the list of controllers was not written: {Fault}; retrying", fault.Message);
                _grown.Writer.TryWrite(true);
                await backoff.WaitAsync(cancel);
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        using var written = await api.SwapOnceAsync(
            ApiPaths.ConfigMaps(options.Namespace),
            options.ControllersSeen,
            stored => Task.FromResult(Next(stored)),
            cancel
        );
    }

    /// <summary>The ConfigMap with what this replica has seen besides; null where that is stored already.</summary>
    private string? Next(JsonElement? stored)
    {
        var (knownControllers, knownChanges) = (SeenController.ReadAll(stored), SeenChanges.ReadAll(stored));
        var controllers = SeenController.WriteAll(Merge(knownControllers));
        var changes = SeenChanges.WriteAll(_changes.Merge(knownChanges));
        return
            stored is not null && controllers == SeenController.WriteAll(knownControllers) && changes == SeenChanges.WriteAll(knownChanges)
            ? null
            : ConfigMapDocument.Of(
                options.Namespace,
                options.ControllersSeen,
                stored,
                new JsonObject { [SeenController.Key] = controllers, [SeenChanges.Key] = changes }
            );
    }

    /// <summary>
    /// The stored entries and those of this replica, sorted. Trust is determined again, because the chart's values may have changed. If
    /// there are too many, verified ones take precedence, and then those of this replica.
    /// </summary>
    private IEnumerable<SeenController> Merge(IReadOnlyList<SeenController> stored)
    {
        var all = _seen
            .Select(s => (s.Key.User, s.Key.Kind, s.Value.Verified))
            .Concat(stored.SelectMany(s => s.Kinds.Where(IsCreatedByControllers).Select(k => (s.User, Kind: k, s.Verified))))
            .GroupBy(s => (s.User, s.Kind))
            .Select(g => (g.Key.User, g.Key.Kind, Verified: g.Any(s => s.Verified)))
            .ToList();
        var users = all.OrderByDescending(s => s.Verified).Select(s => s.User).Distinct().Take(MaxUsers).ToHashSet();
        return all.Where(s => users.Contains(s.User))
            .GroupBy(s => (s.User, Trusted: options.Trusted.MayTrust(new Requester(s.User, "", []), s.Kind), s.Verified))
            .OrderBy(g => g.Key.User, StringComparer.Ordinal)
            .ThenBy(g => g.Key.Trusted)
            .ThenBy(g => g.Key.Verified)
            .Select(g => new SeenController(
                g.Key.User,
                [.. g.Select(s => s.Kind).Order(StringComparer.Ordinal)],
                g.Key.Trusted,
                g.Key.Verified
            ));
    }

    private static bool IsCreatedByControllers(string kind) => BuiltInKinds.Find(kind) is { CreatorAccounts.Count: > 0 };

    private static OwnerReference? ControllerOf(Request request) =>
        request switch
        {
            WorkloadRequest { After: { } made } => made.OwnerReferences.FirstOrDefault(o => o.IsController),
            OpaqueRequest opaque => opaque.Controller,
            _ => null,
        };

    /// <summary>A user created an object of a kind, and the object names an owner.</summary>
    private sealed record OwnerClaim(string User, string Kind, string Namespace, OwnerReference Owner);

    /// <param name="AskedAt">A timestamp.</param>
    private sealed record ControllerSighting(bool Verified, long AskedAt);
}
