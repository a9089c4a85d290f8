using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.LiveReads;

/// <summary>
/// Reads live the records that a gated decision needs, because a cache may lag behind an approval or a veto. Reads are shared, so that a
/// burst of deploys does not overload the server, and only those votes of a namespace are read that can count.
/// </summary>
internal sealed class LiveFacts
{
    private static readonly TimeSpan s_readTimeout = TimeSpan.FromSeconds(1.5);

    /// <summary>For reads that only improve a message.</summary>
    private static readonly TimeSpan s_explainTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>Shared by decisions of a namespace: vetoes, votes of former versions without labels, BreakGlasses.</summary>
    private readonly SingleFlightByKey<Shared> _shared;

    /// <summary>Shared by decisions about a workload: its votes.</summary>
    private readonly SingleFlightByKey<IReadOnlyList<Approval>> _votes;

    private readonly ApiConnection _api;
    private readonly HashTranslation _translation;
    private readonly WorkloadReader _reader;

    public LiveFacts(ApiConnection api, HashTranslation translation, WorkloadReader reader)
    {
        (_api, _translation, _reader) = (api, translation, reader);
        _shared = new SingleFlightByKey<Shared>(ListSharedAsync);
        _votes = new SingleFlightByKey<IReadOnlyList<Approval>>(key => ListVotesAsync(key));
    }

    /// <summary>The snapshot with the workload's approvals, and the Change of the requested revision, read live.</summary>
    /// <exception cref="UnavailableException">They could not be read in time.</exception>
    public async Task<ClusterSnapshot> RefreshAsync(Workload asked, Workload? before, ClusterSnapshot cluster, CancellationToken deadline)
    {
        var today = _translation.For(before, asked);
        try
        {
            var shared = _shared.Of(asked.Ref.Namespace).ReadAsync().WaitAsync(s_readTimeout, deadline);
            var votes = _votes.Of($"{asked.Ref.Namespace}/{RecordLabels.Of(asked.Ref)}").ReadAsync().WaitAsync(s_readTimeout, deadline);
            var changes = FindChangesAsync(asked, cluster, deadline);
            await Task.WhenAll(shared, votes, changes);
            var (all, glasses) = await shared;
            return cluster with
            {
                Approvals = today.Approvals([.. (await votes).Concat(all).Where(a => a.Workload == asked.Ref).DistinctBy(a => a.Name)]),
                BreakGlasses = glasses,
                Changes = today.Changes(Replace(cluster.Changes, await changes)),
                // A veto of another workload withdraws its completed steps at once. Other votes on it do not matter here.
                Namespace = cluster.Namespace is { } snapshot ? snapshot with { Votes = today.Approvals(all) } : null,
            };
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException)
        {
            throw new UnavailableException("the approvals could not be read from the API server in time", fault);
        }
    }

    /// <summary>
    /// The template that was approved instead of the requested one, so that a refusal can say how they differ. It only explains a decision:
    /// if it cannot be read at once, the refusal says less.
    /// </summary>
    public async Task<ApprovedTemplate?> FindOtherApprovedAsync(Workload asked, ClusterSnapshot cluster, CancellationToken deadline)
    {
        var approves = cluster.Approvals.Where(a => a.Decision is Decision.Approve && a.TemplateHash is not null).ToList();
        if (approves.Count == 0 || approves.Exists(a => a.TemplateHash == asked.Template.Hash))
        {
            return null;
        }

        // An approval of an admitted Change has been used, and one that has ended may be meant no more. Of the waiting ones the latest is.
        var waiting = cluster.Changes.Where(c => c.Phase is Phase.Pending or Phase.Rejected).ToLookup(c => c.TemplateHash);
        if (
            approves
                .OrderByDescending(a => a.CreatedAt)
                .Select(a => waiting[a.TemplateHash ?? ""].FirstOrDefault())
                .OfType<Change>()
                .FirstOrDefault()
            is not { } other
        )
        {
            return null;
        }

        IReadOnlyList<string> approvers =
        [
            .. approves
                .Where(a => a.TemplateHash == other.TemplateHash)
                .Select(a => a.Approver.Username)
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_explainTimeout);
        try
        {
            using var found = await _api.FindAsync(ApiPaths.One(ApiPaths.ChangeTemplates(asked.Ref.Namespace), other.Name), cap.Token);
            return new ApprovedTemplate(other.Name, approvers, found is null ? null : TemplateRecord.ReadOrNull(found.RootElement)?.After);
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            return new ApprovedTemplate(other.Name, approvers, null);
        }
    }

    /// <summary>The BreakGlasses of a namespace, read live.</summary>
    /// <exception cref="UnavailableException">They could not be read in time.</exception>
    public async Task<IReadOnlyList<BreakGlass>> BreakGlassesAsync(string @namespace, CancellationToken deadline)
    {
        try
        {
            return (await _shared.Of(@namespace).ReadAsync().WaitAsync(s_readTimeout, deadline)).BreakGlasses;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException)
        {
            throw new UnavailableException("the break-glass permissions could not be read from the API server in time", fault);
        }
    }

    /// <summary>A workload, read live; null if it does not exist.</summary>
    /// <exception cref="UnavailableException">It could not be read in time.</exception>
    public async Task<Workload?> FindAsync(string path, string apiVersion, WorkloadRef workload, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_readTimeout);
        try
        {
            using var found = await _api.FindAsync(path, cap.Token);
            return found is null ? null : ObservedWorkload.Read(found.RootElement, apiVersion, workload.Kind, _reader).Spec;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            throw new UnavailableException($"{workload} could not be read from the API server in time", fault);
        }
    }

    /// <summary>Null if they cannot be read: unknown labels match every policy, so that nothing passes unguarded.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> NamespaceLabelsAsync(string name, CancellationToken cancel)
    {
        if (name.Length == 0)
        {
            return null;
        }

        using var cap = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        cap.CancelAfter(s_readTimeout);
        try
        {
            using var found = await _api.FindAsync(ApiPaths.One(ApiPaths.Namespaces, name), cap.Token);
            return found is null ? null : NamespaceEntry.Read(found.RootElement).Labels;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>The number of records of one kind that a user has in a namespace.</summary>
    /// <param name="maker">The value of their label <c>deployguard.io/maker</c>.</param>
    /// <exception cref="UnavailableException">They could not be counted in time.</exception>
    public async Task<int> CountAsync(string resource, string @namespace, string maker, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_readTimeout);
        try
        {
            var count = 0;
            await _api.ListMetadataAsync(
                ApiPaths.OwnIn(@namespace, resource),
                _ => count++,
                cap.Token,
                Selecting($"{RecordLabels.Creator}={maker}")
            );
            return count;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            throw new UnavailableException($"the {resource} could not be counted in time", fault);
        }
    }

    private async Task<Shared> ListSharedAsync(string @namespace)
    {
        // Votes without the label Approve are vetoes, or older than labels: all of them are needed.
        var votes = ListAsync(
            @namespace,
            "changeapprovals",
            StoredVotes.ApprovalOrNull,
            Selecting($"{RecordLabels.Decision}!={nameof(Decision.Approve)}")
        );
        var glasses = ListAsync(@namespace, "breakglasses", StoredVotes.BreakGlassOrNull, "");
        await Task.WhenAll(votes, glasses);
        return new Shared(await votes, await glasses);
    }

    /// <param name="key">Namespace and label of a workload.</param>
    private Task<IReadOnlyList<Approval>> ListVotesAsync(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return ListAsync(
            key[..slash],
            "changeapprovals",
            StoredVotes.ApprovalOrNull,
            Selecting($"{RecordLabels.Workload}={key[(slash + 1)..]}")
        );
    }

    /// <summary>In pages. Without a resourceVersion the server answers from a quorum of etcd, not from its own cache.</summary>
    private async Task<IReadOnlyList<T>> ListAsync<T>(string @namespace, string resource, Func<JsonElement, T?> readOrNull, string query)
        where T : class
    {
        using var cap = new CancellationTokenSource(s_readTimeout);
        var found = new List<T>();
        await _api.ListAsync(
            ApiPaths.OwnIn(@namespace, resource),
            item => found.AddRange(readOrNull(item) is { } read ? [read] : []),
            cap.Token,
            query
        );
        return found;
    }

    private static string Selecting(string labels) => $"labelSelector={Uri.EscapeDataString(labels)}";

    /// <summary>
    /// By the recorded name, by the name that this version gives, and by that of version 0.2, of which a replica may still run.
    /// </summary>
    private async Task<IReadOnlyList<Change>> FindChangesAsync(Workload asked, ClusterSnapshot cluster, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_readTimeout);
        string[] names =
        [
            ChangeName.Within(cluster.Changes, asked),
            ChangeName.Of(asked.Ref, asked.Template.Hash),
            ChangeName.Of(asked.Ref, asked.Template.LegacyHash),
        ];
        var found = await Task.WhenAll(names.Distinct().Select(name => FindChangeAsync(asked, name, cap.Token)));
        return [.. found.OfType<Change>()];
    }

    private async Task<Change?> FindChangeAsync(Workload asked, string name, CancellationToken cancel)
    {
        using var found = await _api.FindAsync(ApiPaths.One(ApiPaths.Changes(asked.Ref.Namespace), name), cancel);
        try
        {
            return found is null ? null : ChangeReader.ReadOrNull(found.RootElement);
        }
        catch (MalformedObjectException)
        {
            // It does not count, as in the cache, which logs the problem.
            return null;
        }
    }

    private sealed record Shared(IReadOnlyList<Approval> Votes, IReadOnlyList<BreakGlass> BreakGlasses);

    private static IReadOnlyList<Change> Replace(IReadOnlyList<Change> cached, IReadOnlyList<Change> live) =>
        live.Count == 0 ? cached : [.. cached.Where(c => live.All(l => l.Name != c.Name)), .. live];
}
