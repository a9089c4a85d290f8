using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses what would let an unproven revision reach more of a pool's pods than the steps that it has held allow.</summary>
internal sealed class Canary : ISafeguard
{
    public const string OwnName = "Canary";

    public string Name => OwnName;

    /// <remarks>The tightest pool answers; what another one wants is met with it, or said next time.</remarks>
    public IEnumerable<Finding> Inspect(Inspection inspection) =>
        inspection.Exposed.Where(j => j is { IsRefused: true, InPlace: null }).OrderBy(j => j.Cap).ThenBy(j => j.Total).Take(1)
            .Select(j => new Finding(Reasons.CanaryStepExceeded, "", CanaryMessage.Of(j, inspection), CanaryRemedy.Of(j, inspection)));

    /// <summary>What fewer proven pods beside them make of the unproven ones: never refused, but the next increase is.</summary>
    public static IEnumerable<Finding> Warn(Inspection inspection) =>
        inspection.Exposed.Where(j => j is { IsOver: true, Unproven: > 0 }).OrderBy(j => j.Cap).Take(1)
            .Select(j => new Finding(Reasons.CanaryStepExceeded, "", CanaryMessage.Of(j, inspection), "The next increase would be refused"));
}
