using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Tests;

/// <summary>Facts that a test writes down, and the records that were left.</summary>
internal sealed class LiteralFacts : IFacts
{
    private readonly List<string> _admitted = [];
    private readonly List<string> _afterwards = [];

    public ClusterView Cached { get; set; } = new();

    public ClusterView? Live { get; set; }

    public string? ReadsFail { get; set; }

    public string? WritesFail { get; set; }

    public IReadOnlyList<string> Admitted => _admitted;

    public IReadOnlyList<string> Afterwards => _afterwards;

    public ValueTask<ClusterView> ViewAsync(Request request, CancellationToken cancel) => ValueTask.FromResult(Cached);

    /// <summary>Verbs that anybody has: <c>exempt safeguardpolicies/tier-1</c>.</summary>
    public HashSet<string> Permissions { get; } = [];

    public HashSet<string> EndingNamespaces { get; } = [];

    public IEnumerable<RecordedChange> Unreviewed { get; set; } = [];

    /// <summary>What was approved in the place of what is asked for.</summary>
    public ApprovedTemplate? ApprovedOther { get; set; }

    public ValueTask<ClusterView> ExplainAsync(Request request, ClusterView view, CancellationToken deadline) => ValueTask.FromResult(view with { ApprovedOther = ApprovedOther });

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

    public async ValueTask<ClusterView> ReadLiveAsync(Request request, ClusterView cached, Facts needs, CancellationToken deadline)
    {
        await Hold;
        return ReadsFail is { } why ? throw new FactsUnavailableException(why) : Live ?? cached;
    }

    /// <summary>What others were let reach a moment ago.</summary>
    public IReadOnlyList<ReachedPods> Others { get; set; } = [];

    public string? ReachFails { get; set; }

    /// <summary>What requests were let reach, in their order.</summary>
    public List<ReachedPods> Reached { get; } = [];

    public ValueTask<ClusterView> ReachAsync(Request request, ClusterView view, Func<ClusterView, IReadOnlyList<ReachedPods>> ask, CancellationToken deadline)
    {
        if (ReachFails is { } why)
        {
            throw new FactsUnavailableException(why);
        }

        var with = view.Snapshot is { } serving ? view with { Snapshot = serving with { Reached = Others } } : view;
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

        _admitted.Add(verdict.Change.Name);
        return ValueTask.CompletedTask;
    }

    public void RecordAfterwards(Verdict verdict) => _afterwards.Add(verdict.Change.Name);
}
