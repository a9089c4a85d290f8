using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Tests;

/// <summary>The cluster as a test defines it, and the records that the webhook wrote.</summary>
internal sealed class LiteralFacts
    : IClusterAccess,
        ISnapshotSource,
        IReservations,
        IChangeRecords,
        IMachineObserver,
        IRecordFacts,
        IPolicyFacts
{
    private readonly List<string> _admitted = [];
    private readonly List<string> _recordedAfterwards = [];

    public ClusterSnapshot Cached { get; set; } = new();

    public ClusterSnapshot? Live { get; set; }

    public string? ReadsFail { get; set; }

    public string? WritesFail { get; set; }

    public IReadOnlyList<string> Admitted => _admitted;

    public IReadOnlyList<string> RecordedAfterwards => _recordedAfterwards;

    public ISnapshotSource Snapshots => this;

    /// <summary>Each read returns <see cref="Live"/>.</summary>
    public IReadOnlyList<ILiveReader> LiveReaders =>
        [
            .. new[] { RequiredReads.Parent, RequiredReads.Votes, RequiredReads.Namespace, RequiredReads.Nodes, RequiredReads.Pods }.Select(
                reads => new Reader(this, reads)
            ),
        ];

    IReservations IClusterAccess.Reservations => this;

    IChangeRecords IClusterAccess.Records => this;

    public IMachineObserver Machines => this;

    public IRecordFacts RecordFacts => this;

    /// <summary>Runs while the caches are read.</summary>
    public Action Taking { get; set; } = () => { };

    public ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel)
    {
        Taking();
        return ValueTask.FromResult(Cached with { Namespace = null });
    }

    /// <summary>Live reads that began after the deadline.</summary>
    public int LateReads { get; private set; }

    public IPolicyFacts PolicyFacts => this;

    public string ApproverRole => "deployguard-approver";

    /// <summary>What every policy applies to.</summary>
    public PolicyReach Reach { get; set; } = PolicyReach.Nothing;

    public BoundRights Rights { get; set; } = new();

    public Dictionary<string, FormerPolicy> Former { get; } = [];

    public FormerPolicy? FormerOf(string name) => Former.GetValueOrDefault(name);

    public PolicyReach ReachOf(PolicyMatch match) => Reach;

    public Task<BoundRights?> ReadRightsAsync(CancellationToken deadline) =>
        ReadsFail is { } why ? throw new UnavailableException(why) : Task.FromResult<BoundRights?>(Rights);

    public bool MayReadSecrets { get; set; } = true;

    public Task<bool?> MayReadSecretsAsync(CancellationToken deadline) =>
        ReadsFail is { } why ? throw new UnavailableException(why) : Task.FromResult<bool?>(MayReadSecrets);

    /// <summary>As the real one: a part that no rule declares is not there.</summary>
    public ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts) =>
        parts.HasFlag(SnapshotParts.Namespace) ? cluster with { Namespace = Cached.Namespace } : cluster;

    /// <summary>Verbs that every user has: <c>exempt safeguardpolicies/tier-1</c>.</summary>
    public HashSet<string> Permissions { get; } = [];

    public HashSet<string> EndingNamespaces { get; } = [];

    public IEnumerable<Change> Unreviewed { get; set; } = [];

    /// <summary>The template that was approved instead of the requested one.</summary>
    public ApprovedTemplate? OtherApproved { get; set; }

    public Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) =>
        Task.FromResult(cluster with { OtherApproved = OtherApproved });

    public Task<bool> MayAsync(Requester who, string verb, string resource, string inNamespace, string name, CancellationToken deadline) =>
        ReadsFail is { } why ? throw new UnavailableException(why) : Task.FromResult(Permissions.Contains($"{verb} {resource}/{name}"));

    /// <summary>Uids of the votes and BreakGlasses that exist.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, bool> Stored { get; } = [];

    /// <summary>The workload for which this user may lack requests on record: <c>dana deployment/web</c>.</summary>
    public string Lacking { get; set; } = "";

    public bool MayLackRequests(WorkloadRef workload, string username) => $"{username} {workload.KubectlName}" == Lacking;

    public bool IsStored(string resource, string inNamespace, string name, string uid) => Stored.ContainsKey(uid);

    /// <summary>The number of records of every user.</summary>
    public int Records { get; set; }

    public Task<int> CountRecordsAsync(string resource, string inNamespace, string username, CancellationToken deadline) =>
        ReadsFail is { } why ? throw new UnavailableException(why) : Task.FromResult(Records);

    /// <summary>Requests that were noted and admitted.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<Request> Seen { get; } = [];

    /// <summary>Requests that were noted and refused.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<Request> SeenRefused { get; } = [];

    public void Note(Request request, bool isAdmitted) => (isAdmitted ? Seen : SeenRefused).Enqueue(request);

    public bool NamespaceEnds(string name) => EndingNamespaces.Contains(name);

    /// <summary>A task that live reads wait for.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    /// <summary>Pending exposure of other requests.</summary>
    public IReadOnlyList<PendingExposure> Others { get; set; } = [];

    public string? ReachFails { get; set; }

    /// <summary>Published pending exposure, in order.</summary>
    public List<PendingExposure> Reached { get; } = [];

    public Task ReserveExposureAsync(
        Request request,
        ClusterSnapshot cluster,
        Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> gains,
        CancellationToken deadline
    )
    {
        var with = cluster.Namespace is { } snapshot ? cluster with { Namespace = snapshot with { PendingExposures = Others } } : cluster;
        var exposed = gains(with);
        if (ReachFails is { } why)
        {
            throw new UnavailableException(why);
        }

        Reached.AddRange(exposed);
        return Task.CompletedTask;
    }

    /// <summary>The answer of a reservation in the budgets.</summary>
    public Dictionary<string, BudgetUse> Budgets { get; } = [];

    public int Reservations { get; private set; }

    public Task<IReadOnlyDictionary<string, BudgetUse>> ReserveBudgetAsync(Verdict verdict, CancellationToken deadline)
    {
        Reservations++;
        return Task.FromResult<IReadOnlyDictionary<string, BudgetUse>>(Budgets);
    }

    public Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline)
    {
        if (WritesFail is { } why)
        {
            throw new UnavailableException(why);
        }

        _admitted.Add(verdict.Evaluated.Name);
        return Task.CompletedTask;
    }

    /// <summary>Votes that were withdrawn, and by whom.</summary>
    public List<(string Vote, string By)> Withdrawn { get; } = [];

    public void RecordWithdrawal(Core.Approvals.Approval vote, string by) => Withdrawn.Add((vote.Name, by));

    public void RecordAfterwards(Verdict verdict) => _recordedAfterwards.Add(verdict.Evaluated.Name);

    private sealed class Reader(LiteralFacts facts, RequiredReads reads) : ILiveReader
    {
        public RequiredReads Reads => reads;

        public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline)
        {
            facts.LateReads += deadline.IsCancellationRequested ? 1 : 0;
            await facts.Hold;
            return facts.ReadsFail is { } why ? throw new UnavailableException(why) : facts.Live ?? cluster;
        }
    }
}
