using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Refuses a rollout in place that replaces more pods at once, or sooner, than the policy allows for an unproven revision.
/// </summary>
internal sealed class Pace : ISafeguard
{
    private static readonly TimeSpan s_minAnnounced = TimeSpan.FromMinutes(5);

    public const string OwnName = "Pace";

    public string Name => OwnName;

    public bool IsWaivable => true;

    public bool LimitsExposure => true;

    /// <summary>Also for a rollback: a revision that completed on few pods, or in another pool, must not return on many at once.</summary>
    public Severity SeverityOf(ChangeType type) =>
        type is ChangeType.NewRevision or ChangeType.MoreExposure or ChangeType.Rollback ? Severity.AsPolicySays : Severity.None;

    public SnapshotParts Parts(EvaluatedRequest evaluated, SafeguardPolicy policy) => Canary.PartsFor(policy);

    public IEnumerable<Finding> Inspect(Inspection inspection) =>
        inspection
            .Exposed.Where(j => j is { IsRefused: true, InPlace: not null })
            .OrderBy(j => j.Cap)
            .ThenBy(j => j.Total)
            .Take(1)
            .Select(j => TooFast(j, inspection));

    /// <summary>The duration of a conforming rollout: by default, Helm gives up after five minutes.</summary>
    public IEnumerable<string> Notes(Inspection inspection) =>
        inspection.Evaluated is not { ChangeType: ChangeType.NewRevision, Before: not null, After: { } after }
            ? []
            : inspection
                .Exposed.Where(j => j is { IsRaised: true, IsCold: false, IsRefused: false, InPlace.Faults.Count: 0, OwnBatch: > 0 })
                .Select(j => PacePatch.Takes(after with { Replicas = j.Asked }, j.OwnBatch))
                .Where(takes => takes >= s_minAnnounced)
                .Take(1)
                .Select(takes =>
                    $"{inspection.Policy.Name}: the rollout takes about {Durations.Show(takes)}; Helm needs --timeout "
                    + $"{Durations.Show(takes + PacePatch.Slack)}"
                );

    /// <summary>The canary's summary names the pace as well.</summary>
    public string? Summarise(SafeguardPolicy policy) => null;

    private static Finding TooFast(PoolAssessment pool, Inspection inspection)
    {
        var (after, bound) =
            inspection.Evaluated is { After: { } workload } && pool.InPlace is { } found
                ? (workload with { Replicas = pool.Asked }, found)
                : throw new InvalidOperationException("the change is not in place");
        var faults =
            !pool.Rules.Accept.Contains(RolloutMethod.Pace)
                ? $". The policy accepts {string.Join(" and ", pool.Rules.Accept)} only (canary.accept)"
            : bound.Faults.Count == 0 ? ""
            : $". In place, policy allows {bound.MaxAtOnce} at once: {string.Join("; ", bound.Faults)}";
        var none = pool.LeavesNoneProven && !pool.IsOver ? ", and no proven pod would be left" : "";
        var remedy = CanaryRemedy.InPlace(pool, inspection, after);
        return new Finding(Reasons.PaceTooFast, "spec.strategy", $"{CanaryMessage.Of(pool, inspection)}{none}{faults}", remedy.Text)
        {
            Fix = remedy.Fix,
            RemedyFirst = true,
        };
    }
}
