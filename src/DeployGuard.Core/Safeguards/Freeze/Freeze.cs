using System.Globalization;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses new revisions during a freeze, and warns before it begins. Rollbacks pass.</summary>
internal sealed class Freeze : ISafeguard
{
    public string Name => "Freeze";

    public bool IsWaivable => true;

    public IEnumerable<Finding> Inspect(Inspection inspection) =>
        inspection.Policy is { Freeze: { } rules, Active.Until: { } until } && inspection.Evaluated.ChangeType is ChangeType.NewRevision
            ?
            [
                new Finding(
                    Reasons.Frozen,
                    "",
                    $"policy {inspection.Policy.Name} blocks new revisions until {Show(until)}{Why(rules)}",
                    "Wait until then; rollbacks, scaling and restarts pass"
                ),
            ]
            : [];

    public bool Announces(SafeguardPolicy policy) => policy.Freeze is not null;

    public IEnumerable<Finding> Announce(Inspection inspection) =>
        inspection.Policy is { Freeze: { } rules, Active: { From: { } from, Until: { } until } }
        && inspection.Evaluated.ChangeType is ChangeType.NewRevision
        && inspection.Now < from
        && inspection.Now >= from - rules.Announce
            ?
            [
                new Finding(
                    Reasons.FreezeUpcoming,
                    "",
                    $"new revisions are blocked from {Show(from)} until {Show(until)}{Why(rules)}",
                    "Roll out before it, or after it"
                ),
            ]
            : [];

    public Requirements Requires(Inspection inspection) =>
        inspection is { IsNewRevisionOfWorkload: true, Policy.Freeze: not null }
            ? new(RequiredReads.Votes, RequiredReservations.None)
            : Requirements.None;

    public string? Summarise(SafeguardPolicy policy) => policy.Freeze is null ? null : "a freeze";

    private static string Why(FreezeRules rules) => rules.Message.Length == 0 ? "" : $": {rules.Message.TrimEnd('.')}";

    private static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
