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
/// Reads from the API server, now, what a gated decision rests on: a cache lags behind the approver and behind the veto. Reads
/// are shared, so that a burst of deploys cannot starve the server, and of a namespace's votes only those are read that can count.
/// </summary>
internal sealed class LiveFacts
{
    private static readonly TimeSpan s_readTimeout = TimeSpan.FromSeconds(1.5);

    /// <summary>For what only makes a message better.</summary>
    private static readonly TimeSpan s_explainTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>What decisions of a whole namespace share: vetoes, records of former versions that carry no label, permissions.</summary>
    private readonly Flights<Shared> _shared;

    /// <summary>What decisions about one workload share: the votes on it.</summary>
    private readonly Flights<IReadOnlyList<Approval>> _votes;

    private readonly ApiConnection _api;
    private readonly HashTranslation _translation;
    private readonly WorkloadReader _reader;

    public LiveFacts(ApiConnection api, HashTranslation translation, WorkloadReader reader)
    {
        (_api, _translation, _reader) = (api, translation, reader);
        _shared = new Flights<Shared>(ListSharedAsync);
        _votes = new Flights<IReadOnlyList<Approval>>(key => ListVotesAsync(key));
    }

    /// <summary>The view with the workload's approvals, and the Change of the revision asked for, as they are now.</summary>
    /// <exception cref="UnavailableException">They could not be had in time.</exception>
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
                // A veto of one of them takes back what it had proven, at once. Nothing else of the votes on others counts there.
                Namespace = cluster.Namespace is { } snapshot ? snapshot with { Votes = today.Approvals(all) } : null,
            };
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException)
        {
            throw new UnavailableException("the approvals could not be read from the API server in time", fault);
        }
    }

    /// <summary>
    /// What was approved in the place of the revision asked for, so that a refusal can say how the two differ. It explains a decision that is
    /// made: where it cannot be had at once the refusal says less.
    /// </summary>
    public async Task<ApprovedTemplate?> FindApprovedOtherAsync(Workload asked, ClusterSnapshot cluster, CancellationToken deadline)
    {
        var approves = cluster.Approvals.Where(a => a.Decision is Decision.Approve && a.TemplateHash is not null).ToList();
        if (approves.Count == 0 || approves.Exists(a => a.TemplateHash == asked.Template.Hash))
        {
            return null;
        }

        // What was let in has had its use; the latest of what waits is what people have in mind.
        var waiting = cluster.Changes.Where(c => !c.WasAdmitted).ToLookup(c => c.TemplateHash);
        if (approves.OrderByDescending(a => a.CreatedAt).Select(a => waiting[a.TemplateHash ?? ""].FirstOrDefault()).OfType<Change>().FirstOrDefault() is not { } other)
        {
            return null;
        }

        IReadOnlyList<string> approvers = [.. approves.Where(a => a.TemplateHash == other.TemplateHash).Select(a => a.Approver.Username).Distinct().Order(StringComparer.Ordinal)];
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_explainTimeout);
        try
        {
            using var found = await _api.FindAsync($"{TemplateStore.Folder(asked.Ref.Namespace)}/{other.Name}", cap.Token);
            return new ApprovedTemplate(other.Name, approvers, found is null ? null : TemplateRecord.ReadOrNull(found.RootElement)?.After);
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            return new ApprovedTemplate(other.Name, approvers, null);
        }
    }

    /// <summary>The permissions of a namespace as they are now.</summary>
    /// <exception cref="UnavailableException">They could not be had in time.</exception>
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

    /// <summary>A workload as it is now; null if it is gone.</summary>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
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

    /// <summary>Null where they cannot be had: unknown labels match every policy, so that nothing slips in with a namespace.</summary>
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
            using var found = await _api.FindAsync($"api/v1/namespaces/{name}", cap.Token);
            return found is null ? null : NamespaceEntry.Read(found.RootElement).Labels;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>How many records of one kind somebody has in a namespace.</summary>
    /// <param name="maker">The value of their label <c>deployguard.io/maker</c>.</param>
    /// <exception cref="UnavailableException">They could not be counted in time.</exception>
    public async Task<int> CountAsync(string resource, string @namespace, string maker, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_readTimeout);
        try
        {
            var count = 0;
            await _api.ListMetadataAsync(Folder(@namespace, resource), _ => count++, cap.Token, Selecting($"{RecordLabels.Maker}={maker}"));
            return count;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            throw new UnavailableException($"the {resource} could not be counted in time", fault);
        }
    }

    private async Task<Shared> ListSharedAsync(string @namespace)
    {
        // What is not labelled Approve is a veto, or was made before there were labels: none of these may be missed.
        var votes = ListAsync(@namespace, "changeapprovals", StoredVotes.ApprovalOrNull, Selecting($"{RecordLabels.Decision}!={nameof(Decision.Approve)}"));
        var glasses = ListAsync(@namespace, "breakglasses", StoredVotes.BreakGlassOrNull, "");
        await Task.WhenAll(votes, glasses);
        return new Shared(await votes, await glasses);
    }

    /// <param name="key">Namespace and label of a workload.</param>
    private Task<IReadOnlyList<Approval>> ListVotesAsync(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return ListAsync(key[..slash], "changeapprovals", StoredVotes.ApprovalOrNull, Selecting($"{RecordLabels.Workload}={key[(slash + 1)..]}"));
    }

    /// <summary>In pages. Without a resourceVersion the server answers from a quorum of etcd, not from its own cache.</summary>
    private async Task<IReadOnlyList<T>> ListAsync<T>(string @namespace, string resource, Func<JsonElement, T?> readOrNull, string query)
        where T : class
    {
        using var cap = new CancellationTokenSource(s_readTimeout);
        var found = new List<T>();
        await _api.ListAsync(Folder(@namespace, resource), item => found.AddRange(readOrNull(item) is { } read ? [read] : []), cap.Token, query);
        return found;
    }

    private static string Folder(string @namespace, string resource) => $"apis/deployguard.io/v1alpha1/namespaces/{@namespace}/{resource}";

    private static string Selecting(string labels) => $"labelSelector={Uri.EscapeDataString(labels)}";

    /// <summary>
    /// Under the name that is known and the one that this version gives; and under that of version 0.2, of which a replica may be at work
    /// beside us.
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
        using var found = await _api.FindAsync($"apis/deployguard.io/v1alpha1/namespaces/{asked.Ref.Namespace}/changes/{name}", cancel);
        try
        {
            return found is null ? null : ChangeJson.ReadOrNull(found.RootElement);
        }
        catch (MalformedObjectException)
        {
            // It counts for nothing, as in the cache, which reads it too and logs what is wrong with it.
            return null;
        }
    }

    private sealed record Shared(IReadOnlyList<Approval> Votes, IReadOnlyList<BreakGlass> BreakGlasses);

    private static IReadOnlyList<Change> Replace(IReadOnlyList<Change> cached, IReadOnlyList<Change> live) =>
        live.Count == 0 ? cached : [.. cached.Where(c => live.All(l => l.Name != c.Name)), .. live];
}
