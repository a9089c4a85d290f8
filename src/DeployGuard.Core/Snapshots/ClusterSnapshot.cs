using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// The facts that a decision may rest on, and nothing else: the edge fills it from caches and live reads, the CLI from files,
/// tests from literals. Immutable, so that one decision sees one state.
/// </summary>
public sealed record ClusterSnapshot
{
    private readonly Lazy<NamespaceSnapshot>? _serving;
    private readonly Lazy<IReadOnlyDictionary<string, BudgetUse>> _budgets = new(new Dictionary<string, BudgetUse>());

    public IReadOnlyList<SafeguardPolicy> Policies { get; init; } = [];

    /// <summary>The namespace's labels; null where they are not known (standalone), which is taken to match every selector.</summary>
    public IReadOnlyDictionary<string, string>? NamespaceLabels { get; init; }

    /// <summary>What refusals tell approvers to name the change by; a dry run never leaves a Change, so there it is the hash at best.</summary>
    public ApproveBy ApproveBy { get; init; } = ApproveBy.ChangeName;

    /// <summary>All Changes on record for the workload.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    /// <summary>The revisions the API server still holds for the workload.</summary>
    public IReadOnlyList<OwnedRevision> History { get; init; } = [];

    /// <summary>The workload was there when what ran was adopted, so that records of it were made; also where nobody knows when that was.</summary>
    public bool HadRecords { get; init; } = true;

    /// <summary>
    /// Live workloads that the object names as its owners, and theirs. They may be made up, so that they only tighten (what has a live owner is judged by the
    /// policies of its owner too) until <see cref="Ownership"/> has verified them.
    /// </summary>
    public IReadOnlyList<Workload> Owners { get; init; } = [];

    /// <summary>
    /// Hash of the template that the workload has in the cluster; null where that is not known. Whoever sends reviews past the API server can
    /// make up what a request changes, and show approvers a smaller difference than there is.
    /// </summary>
    public string? LiveHash { get; init; }

    /// <summary>Approvals and vetoes for the workload, any revision.</summary>
    public IReadOnlyList<Approval> Approvals { get; init; } = [];

    /// <summary>What was approved for the workload where the revision asked for was not, and has not been let in; null where nothing is.</summary>
    public ApprovedTemplate? ApprovedOther { get; init; }

    /// <summary>The BreakGlasses of the workload's namespace.</summary>
    public IReadOnlyList<BreakGlass> BreakGlasses { get; init; } = [];

    /// <summary>Who serves whom in the namespace; null where no policy asks for a canary, or nobody knows.</summary>
    public NamespaceSnapshot? Namespace
    {
        get => _serving?.Value;
        init => _serving = value is null ? null : new Lazy<NamespaceSnapshot>(value);
    }

    /// <summary>The same, put together when it is first asked for: most requests never do.</summary>
    public Func<NamespaceSnapshot>? SnapshotWhenAsked
    {
        init => _serving = value is null ? null : new Lazy<NamespaceSnapshot>(value);
    }

    /// <summary>The workload that a <c>/scale</c> is about; null where it is not known.</summary>
    public Workload? Parent { get; init; }

    /// <summary>What the budgets are spent on, by the names of their policies.</summary>
    public IReadOnlyDictionary<string, BudgetUse> Budgets
    {
        get => _budgets.Value;
        init => _budgets = new Lazy<IReadOnlyDictionary<string, BudgetUse>>(value);
    }

    /// <summary>The same, counted when it is first asked for: what controllers write never does.</summary>
    public Func<IReadOnlyDictionary<string, BudgetUse>> BudgetsWhenAsked
    {
        init => _budgets = new Lazy<IReadOnlyDictionary<string, BudgetUse>>(value);
    }

    /// <summary>The view after a place was asked for in some budgets: the others are what they were.</summary>
    public ClusterSnapshot Reserved(IReadOnlyDictionary<string, BudgetUse> uses) => this with { Budgets = Budgets.Where(b => !uses.ContainsKey(b.Key)).Concat(uses).ToDictionary() };

    /// <summary>Names of the policies that the requester may take the object out of.</summary>
    public IReadOnlySet<string> MayLeave { get; init; } = new HashSet<string>();
}

/// <summary>A revision that was approved and that nobody has asked for since.</summary>
/// <param name="Change">Its name on record.</param>
/// <param name="Approvers">User names.</param>
/// <param name="Template">Null where it is not on record, or could not be read in time.</param>
public sealed record ApprovedTemplate(string Change, IReadOnlyList<string> Approvers, Comparison.RecordedTemplate? Template);

/// <summary>What has to be read live before <see cref="PolicyEvaluator.Evaluate"/> may be asked.</summary>
[Flags]
public enum RequiredReads
{
    None = 0,

    /// <summary>Approvals and BreakGlasses of the workload's namespace and the Change of the revision asked for, read from the API server now.</summary>
    Approvals = 1,

    /// <summary>Whether the requester has the verb <c>exempt</c> on the policies that the request leaves.</summary>
    Exemption = 2,

    /// <summary>The parent of a <c>/scale</c>: its cache lags behind.</summary>
    Parent = 4,

    /// <summary>Services and workloads of the namespace: what the caches know would refuse it.</summary>
    Exposure = 8,

    /// <summary>How many nodes there are: a DaemonSet made now has no pods that anybody counted.</summary>
    Nodes = 16,

    /// <summary>A place in the budgets, which is taken by asking for it.</summary>
    Budget = 32,

    /// <summary>What others were let reach a moment ago, which is made known of this request by asking for it.</summary>
    Reached = 64,

    /// <summary>Pods of the namespace, which the replica does not watch yet.</summary>
    Pods = 128,

    /// <summary>The same as <see cref="Reached"/>, of what raises nothing: it is made known where it can be, and does not hang on it.</summary>
    Noted = 256,
}
