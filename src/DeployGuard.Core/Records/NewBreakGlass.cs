using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Records;

/// <summary>Whether a BreakGlass may be created.</summary>
/// <param name="Glass">As it would be stored, stamped with its creator.</param>
/// <param name="Who">The authenticated user (userInfo).</param>
/// <param name="MayWholeNamespace">The requester has the verb <c>breakglass-namespace</c>.</param>
/// <param name="Policies">The policies of the namespace.</param>
/// <param name="Unreviewed">Changes of all users that were admitted by a BreakGlass and are not reviewed yet.</param>
public sealed record NewBreakGlass(
    BreakGlass Glass,
    Requester Who,
    bool MayWholeNamespace,
    IReadOnlyList<SafeguardPolicy> Policies,
    IEnumerable<Change> Unreviewed
)
{
    /// <summary>How long a use may wait for its review before its creator's next BreakGlass is refused.</summary>
    private static readonly TimeSpan s_maxUnreviewed = TimeSpan.FromDays(1);

    /// <summary>Texts of a command that was copied from a message or from the docs, and not filled in.</summary>
    private static readonly string[] s_placeholders = ["ID", "WHY", "..."];

    public Refusal? Refuse(WorkloadKinds kinds, DateTimeOffset now) =>
        RecordRules.RefuseStamp("spec.requestedBy", Glass.RequestedBy, Who)
        ?? RecordLimits.Refuse(Glass)
        ?? RefuseMachine()
        ?? RefusePerson()
        ?? RefuseContent(kinds)
        ?? RefuseTime(now)
        ?? RefuseWidth()
        ?? RefuseAnother(now);

    /// <summary>A person who may break the glass does so under their own name.</summary>
    private Refusal? RefusePerson() =>
        Glass.For.Length == 0 || Requester.IsMachineName(Glass.For) || Policies.Any(p => p.Approval?.Bots.Contains(Glass.For) is true)
            ? null
            : Incomplete(
                $"spec.for: {Glass.For} is a person, and only a machine can use another person's BreakGlass: a service account, or a user "
                    + "that approval.bots of a policy lists"
            );

    private Refusal? RefuseMachine()
    {
        var isBot = Policies.Any(p => p.Approval?.Bots.Contains(Who.Username) is true);
        return Who.IsMachine || isBot
            ? new Refusal(
                Reasons.MachineIdentity,
                $"{Who.Username} is {(Who.IsMachine ? "a machine" : "listed as a bot")}; create the BreakGlass as a person, and "
                    + "name the machine in spec.for"
            )
            : null;
    }

    private Refusal? RefuseContent(WorkloadKinds kinds)
    {
        var unknown = Glass.Waives.FirstOrDefault(w => !BreakGlass.Waivable.Contains(w));
        return Glass.Incident.Length == 0 ? Incomplete("spec.incident is missing: name the ticket or page")
            : Glass.Reason.Length == 0 ? Incomplete("spec.reason is missing: tell the reviewer what must be done now")
            : s_placeholders.Contains(Glass.Incident) ? Incomplete($"spec.incident is \"{Glass.Incident}\": name the ticket or page")
            : s_placeholders.Contains(Glass.Reason)
                ? Incomplete($"spec.reason is \"{Glass.Reason}\": tell the reviewer what must be done now")
            : Glass.Waives.Count == 0 ? Incomplete($"spec.waives is empty: list some of {string.Join(", ", BreakGlass.Waivable)}")
            : unknown is not null
                ? Incomplete($"spec.waives: {unknown} cannot be waived; use some of {string.Join(", ", BreakGlass.Waivable)}")
            : Glass.Workload is { } workload
            && workload is not { ApiGroup: "", Kind: "Service" }
            && kinds.TemplatePath(workload.ApiGroup, workload.Kind) is null
                ? Incomplete(
                    $"spec.workload: {workload.Kind} is not a guarded kind; guarded kinds are {string.Join(", ", kinds.Names)}, Service"
                )
            : null;
    }

    private Refusal? RefuseTime(DateTimeOffset now) =>
        Glass.ExpiresAt <= now ? new Refusal(Reasons.ExpiryInvalid, $"spec.expiresAt {Rfc3339.Show(Glass.ExpiresAt)} has passed")
        // One minute of tolerance for clocks.
        : Glass.ExpiresAt > now + BreakGlass.MaxDuration + TimeSpan.FromMinutes(1)
            ? new Refusal(
                Reasons.ExpiryInvalid,
                $"spec.expiresAt {Rfc3339.Show(Glass.ExpiresAt)} is more than {(int)BreakGlass.MaxDuration.TotalHours}h away; create "
                    + "another one when this one ends"
            )
        : null;

    private Refusal? RefuseWidth() =>
        Glass.Workload is not null || MayWholeNamespace
            ? null
            : new Refusal(
                Reasons.BreakGlassTooWide,
                "without spec.workload it applies to the whole namespace, which needs the verb breakglass-namespace on breakglasses"
            );

    private Refusal? RefuseAnother(DateTimeOffset now)
    {
        var waiting = Unreviewed.FirstOrDefault(c =>
            c.BreakGlassUses.Any(u => u.ReviewedBy is null && u.By == Who.Username && now - u.At > s_maxUnreviewed)
        );
        return waiting is null
            ? null
            : new Refusal(
                Reasons.BreakGlassUnreviewed,
                $"{waiting.Name} in {waiting.Workload.Namespace}, admitted by an earlier BreakGlass of {Who.Username}, has "
                    + "waited for review for more than a day. Ask another person to run: "
                    + $"kubectl deployguard approve {waiting.Name} -n {waiting.Workload.Namespace}"
            );
    }

    private static Refusal Incomplete(string message) => new(Reasons.BreakGlassIncomplete, message);
}
