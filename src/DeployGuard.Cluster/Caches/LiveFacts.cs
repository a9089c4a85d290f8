using System.Collections.Concurrent;
using System.Text.Json;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Records;
using DeployGuard.Core;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Caches;

/// <summary>
/// Reads from the API server, now, what a gated decision rests on: a cache lags behind the approver and behind the veto. Reads
/// of one namespace's approvals are shared, so that a burst of deploys cannot starve the server.
/// </summary>
internal sealed class LiveFacts(ApiConnection api, HashTranslation translation)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentDictionary<string, SingleFlight<Votes>> _votes = new();

    /// <summary>The view with the workload's approvals, and the Change of the revision asked for, as they are now.</summary>
    /// <exception cref="UnavailableException">They could not be had in time.</exception>
    public async Task<ClusterView> RefreshAsync(Workload asked, Workload? before, ClusterView cached, CancellationToken deadline)
    {
        var today = translation.For(before, asked);
        try
        {
            var votes = Flight(asked.Ref.Namespace).ReadAsync().WaitAsync(s_longest, deadline);
            var changes = FindChangesAsync(asked, cached, deadline);
            await Task.WhenAll(votes, changes);
            var approvals = today.Approvals((await votes).Approvals);
            return cached with
            {
                Approvals = [.. approvals.Where(a => a.Workload == asked.Ref)],
                BreakGlasses = (await votes).BreakGlasses,
                Changes = today.Changes(Replace(cached.Changes, await changes)),
                // A veto of one of them takes back what it had proven, at once.
                Snapshot = cached.Snapshot is { } serving ? serving with { Votes = approvals } : null,
            };
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException)
        {
            throw new UnavailableException("the approvals could not be read from the API server in time", fault);
        }
    }

    /// <summary>The permissions of a namespace as they are now.</summary>
    /// <exception cref="UnavailableException">They could not be had in time.</exception>
    public async Task<IReadOnlyList<BreakGlass>> BreakGlassesAsync(string @namespace, CancellationToken deadline)
    {
        try
        {
            return (await Flight(@namespace).ReadAsync().WaitAsync(s_longest, deadline)).BreakGlasses;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException)
        {
            throw new UnavailableException("the break-glass permissions could not be read from the API server in time", fault);
        }
    }

    /// <summary>A workload as it is now; null if it is gone.</summary>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
    public async Task<Workload?> FindAsync(string path, string apiVersion, WorkloadRef workload, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_longest);
        try
        {
            using var found = await api.FindAsync(path, cap.Token);
            return found is null ? null : ObservedWorkload.Read(found.RootElement, apiVersion, workload.Kind).Spec;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            throw new UnavailableException($"{workload} could not be read from the API server in time", fault);
        }
    }

    /// <summary>Null where they cannot be had: unknown labels match every policy, so that nothing slips in with a namespace.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> NamespaceLabelsAsync(string name, CancellationToken cancel)
    {
        if (name.Length == 0)
        {
            return null;
        }

        using var cap = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        cap.CancelAfter(s_longest);
        try
        {
            using var found = await api.FindAsync($"api/v1/namespaces/{name}", cap.Token);
            return found is null ? null : NamespaceEntry.Read(found.RootElement).Labels;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    private SingleFlight<Votes> Flight(string @namespace)
    {
        if (_votes.Count > 1000)
        {
            // Namespaces come and go; those nobody reads need no flight.
            foreach (var (name, idle) in _votes.Where(f => f.Value.IsIdle))
            {
                _votes.TryRemove(KeyValuePair.Create(name, idle));
            }
        }

        return _votes.GetOrAdd(@namespace, name => new SingleFlight<Votes>(() => ListAsync(name)));
    }

    private async Task<Votes> ListAsync(string @namespace)
    {
        var approvals = ListAsync(@namespace, "changeapprovals", Stored.ApprovalOrNull);
        var glasses = ListAsync(@namespace, "breakglasses", Stored.BreakGlassOrNull);
        await Task.WhenAll(approvals, glasses);
        return new Votes(await approvals, await glasses);
    }

    private async Task<IReadOnlyList<T>> ListAsync<T>(string @namespace, string resource, Func<JsonElement, T?> readOrNull)
        where T : class
    {
        using var cap = new CancellationTokenSource(s_longest);
        // Without a resourceVersion the server answers from a quorum of etcd, not from its own cache.
        using var list = await api.GetAsync($"apis/deployguard.io/v1alpha1/namespaces/{@namespace}/{resource}", cap.Token);
        return [.. list.RootElement.GetProperty("items").EnumerateArray().Select(readOrNull).OfType<T>()];
    }

    /// <summary>Under the name that is known and the one that this version gives; and under that of version 0.2, of which a replica may be at work beside us.</summary>
    private async Task<IReadOnlyList<RecordedChange>> FindChangesAsync(Workload asked, ClusterView cached, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_longest);
        string[] names = [ChangeName.Within(cached.Changes, asked), ChangeName.Of(asked.Ref, asked.Template.Hash), ChangeName.Of(asked.Ref, asked.Template.LegacyHash)];
        var found = await Task.WhenAll(names.Distinct().Select(name => FindChangeAsync(asked, name, cap.Token)));
        return [.. found.OfType<RecordedChange>()];
    }

    private async Task<RecordedChange?> FindChangeAsync(Workload asked, string name, CancellationToken cancel)
    {
        using var found = await api.FindAsync($"apis/deployguard.io/v1alpha1/namespaces/{asked.Ref.Namespace}/changes/{name}", cancel);
        return found is null ? null : ChangeJson.ReadOrNull(found.RootElement);
    }

    private sealed record Votes(IReadOnlyList<Approval> Approvals, IReadOnlyList<BreakGlass> BreakGlasses);

    private static IReadOnlyList<RecordedChange> Replace(IReadOnlyList<RecordedChange> cached, IReadOnlyList<RecordedChange> live) =>
        live.Count == 0 ? cached : [.. cached.Where(c => live.All(l => l.Name != c.Name)), .. live];
}

/// <summary>The API server could not be read or written in time.</summary>
public sealed class UnavailableException(string message, Exception? cause) : Exception(message, cause);
