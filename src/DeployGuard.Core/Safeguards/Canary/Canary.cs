using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses what would let an unproven revision reach more of a pool's pods than the steps that it has completed allow.</summary>
internal sealed class Canary : ISafeguard
{
    public const string OwnName = "Canary";

    public string Name => OwnName;

    public bool IsWaivable => true;

    public Severity SeverityOf(ChangeType type) => type switch
    {
        // A revision that completed on few pods, or elsewhere, is unproven on many: the way back is as wide as it ever was for these users.
        ChangeType.NewRevision or ChangeType.MoreExposure or ChangeType.Rollback => Severity.AsPolicySays,
        ChangeType.LessExposure => Severity.WarnAtMost,
        _ => Severity.None,
    };

    /// <remarks>The tightest pool answers; what another one wants is met with it, or said next time.</remarks>
    public IEnumerable<Finding> Inspect(Inspection inspection) => inspection.Evaluated.ChangeType is ChangeType.LessExposure
        // Fewer proven pods make the unproven ones weigh more. It is never refused, but the next increase is.
        ? inspection.Exposed.Where(j => j is { IsOver: true, Unproven: > 0 }).OrderBy(j => j.Cap).Take(1)
            .Select(j => new Finding(Reasons.CanaryStepExceeded, "", CanaryMessage.Of(j, inspection), "The next increase would be refused"))
        : inspection.Exposed.Where(j => j is { IsRefused: true, InPlace: null }).OrderBy(j => j.Cap).ThenBy(j => j.Total).Take(1)
            .Select(j => new Finding(Reasons.CanaryStepExceeded, "", CanaryMessage.Of(j, inspection), CanaryRemedy.Of(j, inspection)));

    public SnapshotParts Parts(EvaluatedRequest evaluated, SafeguardPolicy policy) => PartsFor(policy);

    /// <summary>The canary and the pace look at the same pods.</summary>
    public static SnapshotParts PartsFor(SafeguardPolicy policy) => IsRequired(policy) ? SnapshotParts.Namespace : SnapshotParts.None;

    public Requirements Requires(Inspection inspection) => !IsRequired(inspection.Policy) ? Requirements.None : CanaryRequirements.Of(inspection);

    public IEnumerable<PendingExposure> Exposes(Inspection inspection) => CanaryRequirements.Exposes(inspection);

    public string? Summarise(SafeguardPolicy policy) => policy.Canary is { Required: not Required.Never } canary
        ? $"canary {string.Join(", ", canary.Steps)}% of {Durations.Show(canary.Soak)} each, or pace {canary.Pace.Percent}%"
        : null;

    private static bool IsRequired(SafeguardPolicy policy) => policy.Canary is { Required: not Required.Never };
}
