using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses a change after which unproven revisions run on more of a pool's pods than the next canary step allows.</summary>
internal sealed class Canary : ISafeguard
{
    public const string OwnName = "Canary";

    public string Name => OwnName;

    public bool IsWaivable => true;

    public bool LimitsExposure => true;

    public Severity SeverityOf(ChangeType type) =>
        type switch
        {
            // A revision that completed on few pods, or in another pool, is unproven on many: a rollback may only go back to as many pods
            // as it had here.
            ChangeType.NewRevision or ChangeType.MoreExposure or ChangeType.Rollback => Severity.AsPolicySays,
            ChangeType.LessExposure => Severity.WarnAtMost,
            _ => Severity.None,
        };

    /// <remarks>
    /// Reports the pool with the lowest limit. A remedy for it usually satisfies the other pools; else the next request reports them.
    /// </remarks>
    public IEnumerable<Finding> Inspect(Inspection inspection) =>
        inspection.Evaluated.ChangeType is ChangeType.LessExposure
            // With fewer proven pods, the share of the unproven ones grows. This is never refused, but the next increase is.
            ? inspection
                .Exposed.Where(j => j is { IsOver: true, Unproven: > 0 })
                .OrderBy(j => j.Cap)
                .Take(1)
                .Select(j => new Finding(
                    Reasons.CanaryStepExceeded,
                    "",
                    CanaryMessage.Of(j, inspection),
                    "Expect the next increase to be refused"
                ))
            : inspection
                .Exposed.Where(j => j is { IsRefused: true, InPlace: null })
                .OrderBy(j => j.Cap)
                .ThenBy(j => j.Total)
                .Take(1)
                .Select(j => Exceeded(j, inspection));

    public SnapshotParts Parts(EvaluatedRequest evaluated, SafeguardPolicy policy) => PartsFor(policy);

    /// <summary>The canary and the pace use the same parts.</summary>
    public static SnapshotParts PartsFor(SafeguardPolicy policy) => IsRequired(policy) ? SnapshotParts.Namespace : SnapshotParts.None;

    public Requirements Requires(Inspection inspection) =>
        !IsRequired(inspection.Policy) ? Requirements.None : CanaryRequirements.Of(inspection);

    public IEnumerable<PendingExposure> Exposes(Inspection inspection) => CanaryRequirements.Exposes(inspection);

    public string? Summarise(SafeguardPolicy policy) =>
        policy.Canary is { Required: not Required.Never } canary
            ? $"canary {string.Join(", ", canary.Steps)}% of {Durations.Show(canary.Soak)} each"
                + (canary.Accept.Contains(RolloutMethod.Pace) ? $", or pace {canary.Pace.Percent}%" : "")
            : null;

    private static Finding Exceeded(PoolAssessment pool, Inspection inspection)
    {
        var remedy = CanaryRemedy.Of(pool, inspection);
        return new Finding(Reasons.CanaryStepExceeded, "", CanaryMessage.Of(pool, inspection), remedy.Text) { Fix = remedy.Fix };
    }

    private static bool IsRequired(SafeguardPolicy policy) => policy.Canary is { Required: not Required.Never };
}
