using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses a rollout while as many are in flight as the policy allows.</summary>
internal sealed class Budget : ISafeguard
{
    private const int MaxNamed = 10;

    public string Name => "Budget";

    public bool IsWaivable => true;

    public IEnumerable<Finding> Inspect(Inspection inspection) =>
        inspection.Policy.Budget is { } rules
        && IsCounted(inspection.Evaluated)
        && inspection.Cluster.Budgets.TryGetValue(inspection.Policy.Name, out var use)
        && use.IsExhausted(rules)
            ? [new Finding(Reasons.BudgetExhausted, "", Message(rules, use, inspection.Evaluated), Remedy(use, inspection.Evaluated))]
            : [];

    public SnapshotParts Parts(EvaluatedRequest evaluated, SafeguardPolicy policy) =>
        policy.Budget is not null && IsCounted(evaluated) ? SnapshotParts.Budgets : SnapshotParts.None;

    public Requirements Requires(Inspection inspection) =>
        inspection.Policy.Budget is null ? Requirements.None
        // A dry run takes no place.
        : !inspection.Evaluated.Request.DryRun && IsCounted(inspection.Evaluated) ? new(RequiredReads.Votes, RequiredReservations.Budget)
        : inspection.IsNewRevisionOfWorkload ? new(RequiredReads.Votes, RequiredReservations.None)
        : Requirements.None;

    public string? Summarise(SafeguardPolicy policy) =>
        policy.Budget is { } budget ? $"{budget.MaxRollouts} {(budget.MaxRollouts == 1 ? "rollout" : "rollouts")} at once" : null;

    /// <summary>Whether a change takes a place in a budget: a new rollout, or one that was at rest and continues.</summary>
    public static bool IsCounted(EvaluatedRequest evaluated) =>
        evaluated.Request.Target.Type.RollsOut && (evaluated.ChangeType is ChangeType.NewRevision || GoesOn(evaluated));

    private static bool GoesOn(EvaluatedRequest evaluated) =>
        evaluated
            is {
                ChangeType: ChangeType.MoreExposure,
                Recorded.Phase: Phase.Admitted or Phase.Running,
                Before.Strategy: { } before,
                After.Strategy: { } after
            }
        && ((before.Paused && !after.Paused) || (after.Partition ?? 0) < (before.Partition ?? 0));

    private static string Message(BudgetRules rules, BudgetUse use, EvaluatedRequest evaluated)
    {
        var own = evaluated.Request.Target.Namespace;
        var where = rules.Per is BudgetScope.Namespace ? $"in namespace {own}" : "in the cluster";
        var are = rules.MaxRollouts == 1 ? "rollout is" : "rollouts are";
        return $"{use.Rollouts.Count} of {rules.MaxRollouts} {are} in flight {where}: {Names(use.Rollouts, own)}";
    }

    private static string Remedy(BudgetUse use, EvaluatedRequest evaluated)
    {
        var retry = use.Rollouts.Count == 1 ? "Retry when it has completed" : "Retry when one of them has completed";
        var own = evaluated.Request.Target.Namespace;
        return use.Hanging.Count == 0 ? retry : $"{retry}. Fix or roll back what takes too long: {Names(use.Hanging, own)}";
    }

    /// <summary>The names of other namespaces are not told: the requester may not be allowed to see them.</summary>
    private static string Names(IReadOnlyList<WorkloadRef> workloads, string own)
    {
        var mine = workloads.Where(w => w.Namespace == own).ToList();
        var (hidden, elsewhere) = (mine.Count - MaxNamed, workloads.Count - mine.Count);
        IEnumerable<string> parts =
        [
            string.Join(", ", mine.Take(MaxNamed).Select(w => $"{w.Namespace}/{w.KubectlName}")),
            hidden > 0 ? $"{hidden} more" : "",
            elsewhere == 0 ? "" : $"{elsewhere} in {(elsewhere == 1 ? "another namespace" : "other namespaces")}",
        ];
        return string.Join(" and ", parts.Where(p => p.Length > 0));
    }
}
