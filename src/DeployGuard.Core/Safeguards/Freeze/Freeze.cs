using System.Globalization;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses new revisions while a freeze lasts, and says so ahead of it. The way back stays open.</summary>
internal sealed class Freeze : ISafeguard
{
    public string Name => "Freeze";

    public bool IsWaivable => true;

    public IEnumerable<Finding> Inspect(Inspection inspection) =>
        inspection.Policy is { Freeze: { } rules, Active.Until: { } until } && inspection.Evaluated.ChangeType is ChangeType.NewRevision
            ? [new Finding(Reasons.Frozen, "", $"new revisions are frozen until {Show(until)}{Why(rules)}", "Wait until then. Rollbacks, scaling and restarts pass; in an emergency: kubectl deployguard breakglass")]
            : [];

    public bool Announces(SafeguardPolicy policy) => policy.Freeze is not null;

    public IEnumerable<Finding> Announce(Inspection inspection) =>
        inspection.Policy is { Freeze: { } rules, Active: { From: { } from, Until: { } until } } && inspection.Evaluated.ChangeType is ChangeType.NewRevision
            && inspection.Now < from && inspection.Now >= from - rules.Announce
            ? [new Finding(Reasons.FreezeUpcoming, "", $"new revisions will be frozen from {Show(from)} until {Show(until)}{Why(rules)}", "Roll out before, or after")]
            : [];

    public Requirements Requires(Inspection inspection) =>
        inspection is { IsNewRevisionOfWorkload: true, Policy.Freeze: not null } ? new(RequiredReads.Votes, RequiredReservations.None) : Requirements.None;

    public string? Summarise(SafeguardPolicy policy) => policy.Freeze is null ? null : "a freeze";

    private static string Why(FreezeRules rules) => rules.Message.Length == 0 ? "" : $": {rules.Message.TrimEnd('.')}";

    private static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
