using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Records;

/// <summary>Whether a BreakGlass may be made.</summary>
/// <param name="Glass">As it would be stored, stamped with who makes it.</param>
/// <param name="Who">Who asks, as the API server authenticated him.</param>
/// <param name="MayWholeNamespace">The requester has the verb <c>breakglass-namespace</c>.</param>
/// <param name="Policies">The policies of the namespace.</param>
/// <param name="Unreviewed">Changes that anybody's BreakGlass let in and that nobody has reviewed yet.</param>
public sealed record NewBreakGlass(BreakGlass Glass, Requester Who, bool MayWholeNamespace, IReadOnlyList<SafeguardPolicy> Policies, IEnumerable<Change> Unreviewed)
{
    /// <summary>How long a use may wait for its review before it closes the way to the next BreakGlass.</summary>
    private static readonly TimeSpan s_maxUnreviewed = TimeSpan.FromDays(1);

    public Refusal? Refuse(WorkloadKinds kinds, DateTimeOffset now) =>
        RecordRules.RefuseStamp("spec.requestedBy", Glass.RequestedBy, Who)
            ?? RecordLimits.Refuse(Glass)
            ?? RefuseMachine()
            ?? RefuseContent(kinds)
            ?? RefuseTime(now)
            ?? RefuseWidth()
            ?? RefuseAnother(now);

    private Refusal? RefuseMachine()
    {
        var isBot = Policies.Any(p => p.Approval?.Bots.Contains(Who.Username) is true);
        return Who.IsMachine || isBot
            ? new Refusal(Reasons.MachineIdentity, $"{Who.Username} is {(Who.IsMachine ? "a machine" : "listed as a bot")}; a person breaks the glass, and names the machine under spec.for")
            : null;
    }

    private Refusal? RefuseContent(WorkloadKinds kinds)
    {
        var unknown = Glass.Waives.FirstOrDefault(w => !BreakGlass.Waivable.Contains(w));
        return Glass.Incident.Length == 0 ? Incomplete("spec.incident is missing: the ticket or page that this is for")
            : Glass.Reason.Length == 0 ? Incomplete("spec.reason is missing: what must be done now, for whoever reviews it")
            : Glass.Waives.Count == 0 ? Incomplete($"spec.waives is empty: give some of {string.Join(", ", BreakGlass.Waivable)}")
            : unknown is not null ? Incomplete($"spec.waives: {unknown} cannot be waived; there are {string.Join(", ", BreakGlass.Waivable)}")
            : Glass.Workload is { } workload && workload is not { ApiGroup: "", Kind: "Service" } && kinds.TemplatePath(workload.ApiGroup, workload.Kind) is null
                ? Incomplete($"spec.workload: {workload.Kind} is no kind that is guarded; there are {string.Join(", ", kinds.Names)}, Service")
            : null;
    }

    private Refusal? RefuseTime(DateTimeOffset now) =>
        Glass.ExpiresAt <= now ? new Refusal(Reasons.ExpiryInvalid, $"spec.expiresAt {Glass.ExpiresAt:u} has passed")
        // A minute for clocks that differ.
        : Glass.ExpiresAt > now + BreakGlass.MaxDuration + TimeSpan.FromMinutes(1)
            ? new Refusal(Reasons.ExpiryInvalid, $"spec.expiresAt {Glass.ExpiresAt:u} is more than {(int)BreakGlass.MaxDuration.TotalHours}h away; make another when this one ends")
        : null;

    private Refusal? RefuseWidth() => Glass.Workload is not null || MayWholeNamespace
        ? null
        : new Refusal(Reasons.BreakGlassTooWide, "without spec.workload it holds for the whole namespace, which needs the verb breakglass-namespace on breakglasses");

    private Refusal? RefuseAnother(DateTimeOffset now)
    {
        var waiting = Unreviewed.FirstOrDefault(c => c.BreakGlassUses.Any(u => u.ReviewedBy is null && u.By == Who.Username && now - u.At > s_maxUnreviewed));
        return waiting is null ? null : new Refusal(
            Reasons.BreakGlassUnreviewed,
            $"{waiting.Name} in {waiting.Workload.Namespace}, let in by an earlier one of {Who.Username}, waits for review for more than a day. Ask another person to run: "
                + $"kubectl deployguard approve {waiting.Name} -n {waiting.Workload.Namespace}");
    }

    private static Refusal Incomplete(string message) => new(Reasons.BreakGlassIncomplete, message);
}
