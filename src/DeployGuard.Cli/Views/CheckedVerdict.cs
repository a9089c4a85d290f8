using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Views;

/// <summary>What a verdict of <c>check</c> comes to, from the most severe.</summary>
internal enum CheckOutcome
{
    Refused,

    /// <summary>Allowed, with findings of which the requester is warned.</summary>
    Warned,

    /// <summary>Allowed, with findings that only an Audit policy records.</summary>
    Audited,
    Allowed,

    /// <summary>It is what runs now.</summary>
    Unchanged,
}

/// <summary>The verdict on one workload of the files.</summary>
internal sealed record CheckedVerdict(CheckedRequest Checked, Verdict Verdict)
{
    public CheckOutcome Outcome =>
        !Verdict.IsAllowed ? CheckOutcome.Refused
        : Verdict.Findings.Any(f => f.Mode is not Mode.Audit) || Verdict.Notes.Count > 0 ? CheckOutcome.Warned
        : Verdict.Findings.Count > 0 ? CheckOutcome.Audited
        : IsUnchanged ? CheckOutcome.Unchanged
        : CheckOutcome.Allowed;

    /// <summary>File and line, object, and the outcome as a sentence.</summary>
    public string Headline =>
        $"{Checked.Place}: {Verdict.Evaluated.Request.Target} "
        + (Outcome is CheckOutcome.Refused ? $"refused by {Policies(Verdict.Denials)}" : $"allowed ({Verdict.Evaluated.Because})");

    /// <summary>It waits for approvers, who cannot be told the hash yet: the API server's defaults are part of it.</summary>
    public bool CanBeApprovedOnlyInCluster =>
        !Verdict.IsAllowed && Verdict.AwaitsApproval && Verdict.Evaluated.ApproveBy is ApproveBy.NotYet;

    private bool IsUnchanged =>
        Verdict.Evaluated.ChangeType is ChangeType.NothingToGuard
        && Checked.Request is { Before: { } before, After: { } after }
        && before.Template.Hash == after.Template.Hash
        && before.Replicas == after.Replicas;

    /// <summary>An enforced finding that only warns, and why.</summary>
    public string Because(Violation found) =>
        found.Waiver is { } waiver ? $"waived by {waiver.Name}: "
        : found.Mode is Mode.Warn && Verdict.Evaluated.Request.DryRun && IsEnforced(found.Policy) ? "would be refused: "
        : "";

    private bool IsEnforced(string policy) => Verdict.Policies.Any(p => p.Name == policy && p.Mode is Mode.Enforce);

    private static string Policies(IEnumerable<Violation> denials)
    {
        var names = denials.Select(d => d.Policy).Distinct().ToList();
        return $"{(names.Count == 1 ? "policy" : "policies")} {string.Join(", ", names)}";
    }
}
