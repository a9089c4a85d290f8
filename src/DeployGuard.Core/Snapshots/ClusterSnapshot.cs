using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Everything that a decision may rest on besides the request and the time. Immutable and complete: nothing is read behind it, and
/// <see cref="Replay.EvaluationInputJson"/> writes it down. The webhook takes it from caches and live reads, the CLI from files, tests from literals.
/// </summary>
public sealed record ClusterSnapshot
{
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
    /// Hash of the template that the workload has in the cluster; null if it is unknown. A forged review, sent past the API server, could
    /// otherwise claim another old object, and show approvers a smaller difference.
    /// </summary>
    public string? LiveHash { get; init; }

    /// <summary>Approvals and vetoes for the workload, any revision.</summary>
    public IReadOnlyList<Approval> Approvals { get; init; } = [];

    /// <summary>What was approved for the workload where the revision asked for was not, and has not been let in; null where nothing is.</summary>
    public ApprovedTemplate? ApprovedOther { get; init; }

    /// <summary>The BreakGlasses of the workload's namespace.</summary>
    public IReadOnlyList<BreakGlass> BreakGlasses { get; init; } = [];

    /// <summary>Services, workloads and pods of the namespace; null where no policy requires a canary of the request, or where they are unknown.</summary>
    public NamespaceSnapshot? Namespace { get; init; }

    /// <summary>The workload that a <c>/scale</c> is about; null where it is not known.</summary>
    public Workload? Parent { get; init; }

    /// <summary>Rollouts in flight that count towards the budgets of the policies, by the names of the policies.</summary>
    public IReadOnlyDictionary<string, BudgetUse> Budgets { get; init; } = new Dictionary<string, BudgetUse>();

    /// <summary>The same after a place in some budgets was requested; the other budgets stay as they were.</summary>
    public ClusterSnapshot WithBudgets(IReadOnlyDictionary<string, BudgetUse> uses) =>
        this with { Budgets = Budgets.Where(b => !uses.ContainsKey(b.Key)).Concat(uses).ToDictionary() };

    /// <summary>Names of the policies that the requester may take the object out of.</summary>
    public IReadOnlySet<string> MayLeave { get; init; } = new HashSet<string>();
}
