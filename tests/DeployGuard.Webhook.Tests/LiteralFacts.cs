using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Tests;

/// <summary>Facts that a test writes down, and the records that were left.</summary>
internal sealed class LiteralFacts : IFacts
{
    private readonly List<string> _admitted = [];
    private readonly List<string> _afterwards = [];

    public ClusterSnapshot Cached { get; set; } = new();

    public ClusterSnapshot? Live { get; set; }

    public string? ReadsFail { get; set; }

    public string? WritesFail { get; set; }

    public IReadOnlyList<string> Admitted => _admitted;

    public IReadOnlyList<string> Afterwards => _afterwards;

    public ValueTask<ClusterSnapshot> ViewAsync(Request request, CancellationToken cancel) => ValueTask.FromResult(Cached);

    /// <summary>Verbs that anybody has: <c>exempt safeguardpolicies/tier-1</c>.</summary>
    public HashSet<string> Permissions { get; } = [];

    public HashSet<string> EndingNamespaces { get; } = [];

    public IEnumerable<Change> Unreviewed { get; set; } = [];

    /// <summary>What was approved in the place of what is asked for.</summary>
    public ApprovedTemplate? ApprovedOther { get; set; }

    public ValueTask<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) => ValueTask.FromResult(cluster with { ApprovedOther = ApprovedOther });

    public ValueTask<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline) =>
        ReadsFail is { } why ? throw new FactsUnavailableException(why) : ValueTask.FromResult(Permissions.Contains($"{verb} {resource}/{name}"));

    /// <summary>How many records anybody has.</summary>
    public int Records { get; set; }

    public ValueTask<int> CountRecordsAsync(string resource, string @namespace, string username, CancellationToken deadline) =>
        ReadsFail is { } why ? throw new FactsUnavailableException(why) : ValueTask.FromResult(Records);

    /// <summary>What was seen and let in.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<Request> Seen { get; } = [];

    /// <summary>What was seen and refused.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<Request> SeenRefused { get; } = [];

    public void Saw(Request request, bool isLetIn) => (isLetIn ? Seen : SeenRefused).Enqueue(request);

    public bool NamespaceEnds(string name) => EndingNamespaces.Contains(name);

    /// <summary>What live reads wait for.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    public async ValueTask<ClusterSnapshot> ReadLiveAsync(Request request, ClusterSnapshot cluster, RequiredReads needs, CancellationToken deadline)
    {
        await Hold;
        return ReadsFail is { } why ? throw new FactsUnavailableException(why) : Live ?? cluster;
    }

    /// <summary>What others were let reach a moment ago.</summary>
    public IReadOnlyList<PendingExposure> Others { get; set; } = [];

    public string? ReachFails { get; set; }

    /// <summary>What requests were let reach, in their order.</summary>
    public List<PendingExposure> Reached { get; } = [];

    public ValueTask<ClusterSnapshot> ReachAsync(Request request, ClusterSnapshot cluster, Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> ask, CancellationToken deadline)
    {
        if (ReachFails is { } why)
        {
            throw new FactsUnavailableException(why);
        }

        var with = cluster.Namespace is { } snapshot ? cluster with { Namespace = snapshot with { Reached = Others } } : cluster;
        Reached.AddRange(ask(with));
        return ValueTask.FromResult(with);
    }

    /// <summary>What a reservation would say of the budgets.</summary>
    public Dictionary<string, BudgetUse> Budgets { get; } = [];

    public int Reservations { get; private set; }

    public ValueTask<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline)
    {
        Reservations++;
        return ValueTask.FromResult<IReadOnlyDictionary<string, BudgetUse>>(Budgets);
    }

    public ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline)
    {
        if (WritesFail is { } why)
        {
            throw new FactsUnavailableException(why);
        }

        _admitted.Add(verdict.Evaluated.Name);
        return ValueTask.CompletedTask;
    }

    public void RecordAfterwards(Verdict verdict) => _afterwards.Add(verdict.Evaluated.Name);
}
