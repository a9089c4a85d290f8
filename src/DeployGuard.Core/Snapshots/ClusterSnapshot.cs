using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// All facts for a decision except the request and the time. Immutable and complete: evaluation reads nothing else, and <see
/// cref="Replay.EvaluationInputJson"/> serializes it. The webhook builds it from caches and live reads, the CLI from files, tests from
/// literals.
/// </summary>
public sealed record ClusterSnapshot
{
    private static readonly IReadOnlyDictionary<string, BudgetUse> s_noBudgets = new Dictionary<string, BudgetUse>();

    public IReadOnlyList<SafeguardPolicy> Policies { get; init; } = [];

    /// <summary>The namespace's labels; null if unknown (standalone), which matches every selector.</summary>
    public IReadOnlyDictionary<string, string>? NamespaceLabels { get; init; }

    /// <summary>How refusals tell approvers to identify the change. A dry run records no Change, so there it is at best the hash.</summary>
    public ApproveBy ApproveBy { get; init; } = ApproveBy.ChangeName;

    /// <summary>All recorded Changes of the workload.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    /// <summary>The revisions that the API server still has for the workload.</summary>
    public IReadOnlyList<OwnedRevision> History { get; init; } = [];

    /// <summary>
    /// The workload existed at the adoption, so Changes were recorded for it. Also true if the time of the adoption is unknown.
    /// </summary>
    public bool HadRecords { get; init; } = true;

    /// <summary>
    /// Live workloads that the object names as its owners, and their owners. Until <see cref="Ownership"/> verifies them, they may be false
    /// and add requirements: the policies of a live owner apply as well. A manual run of a schedule rests on a template that is equal and
    /// on record, not on the claim.
    /// </summary>
    public IReadOnlyList<Workload> Owners { get; init; } = [];

    /// <summary>The Changes of those owners that create Jobs on a schedule: a manual run has their template.</summary>
    public IReadOnlyList<Change> ScheduleChanges { get; init; } = [];

    /// <summary>The votes on those owners.</summary>
    public IReadOnlyList<Approval> ScheduleVotes { get; init; } = [];

    /// <summary>
    /// For a request on a ReplicaSet: the Changes of the Deployment that owns it, and of the one after which it is named, which it may have
    /// left.
    /// </summary>
    public IReadOnlyList<Change> RevisionChanges { get; init; } = [];

    /// <summary>
    /// Hash of the workload's template in the cluster; null if unknown. A forged review, sent past the API server, could otherwise present
    /// another old object and show approvers a smaller difference.
    /// </summary>
    public string? LiveHash { get; init; }

    /// <summary>Approvals and vetoes for the workload, for any revision.</summary>
    public IReadOnlyList<Approval> Approvals { get; init; } = [];

    /// <summary>An approved revision that was not yet admitted, if the requested revision is not approved; null if there is none.</summary>
    public ApprovedTemplate? OtherApproved { get; init; }

    /// <summary>What was looked up for the policies that trust signed evidence, one entry for each; none if nothing was asked.</summary>
    public IReadOnlyList<SignedFacts> SignedFacts { get; init; } = [];

    /// <summary>The BreakGlasses of the workload's namespace.</summary>
    public IReadOnlyList<BreakGlass> BreakGlasses { get; init; } = [];

    /// <summary>Services, workloads and pods of the namespace; null if no policy requires a canary, or if they are unknown.</summary>
    public NamespaceSnapshot? Namespace { get; init; }

    /// <summary>The workload of a <c>/scale</c> request; null if unknown.</summary>
    public Workload? Parent { get; init; }

    /// <summary>Rollouts in flight that count towards the policies' budgets, by policy name.</summary>
    public IReadOnlyDictionary<string, BudgetUse> Budgets { get; init; } = s_noBudgets;

    /// <summary>The snapshot with updated budgets, after a reservation was requested; other budgets stay.</summary>
    public ClusterSnapshot WithBudgets(IReadOnlyDictionary<string, BudgetUse> uses) =>
        this with
        {
            Budgets = Budgets.Where(b => !uses.ContainsKey(b.Key)).Concat(uses).ToDictionary(),
        };

    /// <summary>Names of the policies whose scope the requester may take the object out of (verb <c>exempt</c>).</summary>
    public IReadOnlySet<string> LeavablePolicies { get; init; } = new HashSet<string>();
}
