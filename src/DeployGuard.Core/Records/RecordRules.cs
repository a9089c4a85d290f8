using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Records;

/// <summary>
/// Who may write what of DeployGuard's own records. Answers are the reason for a refusal, or null where there is none; RBAC has
/// already said yes when these are asked.
/// </summary>
/// <param name="self">The username under which DeployGuard itself writes.</param>
public sealed class RecordRules(string self)
{
    /// <summary>Controllers that empty a namespace that is being deleted. Refusing them would hold it up for ever.</summary>
    private static readonly HashSet<string> s_cleaners =
    [
        "system:serviceaccount:kube-system:namespace-controller",
        "system:serviceaccount:kube-system:generic-garbage-collector",
        "system:kube-controller-manager",
    ];

    /// <summary>Changes are DeployGuard's alone: a phase or a requester written by hand would forge the history that rollbacks rest on.</summary>
    public string? RefuseChangeWrite(Requester who, Operation operation) =>
        who.Username == self || (operation is Operation.Delete && s_cleaners.Contains(who.Username))
            ? null
            : "Changes are written by DeployGuard alone; approve or reject one with: kubectl deployguard approve";

    /// <summary>What was approved stays what was approved.</summary>
    public static string? RefuseApprovalUpdate(bool specChanged, bool hasOwners) =>
        specChanged ? "an approval cannot be changed; delete it and make another"
        : hasOwners ? NoOwners
        : null;

    /// <summary>An Approve may be withdrawn; a veto is lifted by whoever made it.</summary>
    public static string? RefuseApprovalDelete(Requester who, Requester? approver, bool isReject) =>
        !isReject || s_cleaners.Contains(who.Username) || who.Username == approver?.Username
            ? null
            : $"only {approver?.Username} can take this veto back";

    /// <param name="approval">As it would be stored, stamped with who makes it.</param>
    /// <param name="recorded">The Change it is about; null if it is made ahead.</param>
    /// <param name="policies">The policies of the namespace.</param>
    public static string? RefuseApproval(
        Approval approval, Requester who, bool hasOwners, RecordedChange? recorded, IEnumerable<SafeguardPolicy> policies)
    {
        if (hasOwners)
        {
            return NoOwners;
        }

        if (approval.Approver.Username != who.Username || !approval.Approver.Groups.SequenceEqual(who.Groups))
        {
            return $"spec.approver is stamped by DeployGuard and must be {who.Username} with the groups that the API server names";
        }

        return approval.Decision is Decision.Approve ? RefuseApprove(who, recorded, [.. policies]) : null;
    }

    private const string NoOwners = "metadata.ownerReferences must be empty: a dangling owner would delete the record";

    private static string? RefuseApprove(Requester who, RecordedChange? recorded, IReadOnlyList<SafeguardPolicy> policies)
    {
        if (who.IsMachine)
        {
            return $"{who.Username} is a machine; only people approve";
        }

        if (recorded?.Requesters.Contains(who.Username) == true)
        {
            return $"{who.Username} asked for {recorded.Name}, and nobody approves a change of their own. Ask somebody else of {Groups(policies)}";
        }

        if (recorded is not null && AuthorsOf(recorded).Contains(who.Username, StringComparer.OrdinalIgnoreCase))
        {
            return $"{who.Username} is named as an author of {recorded.Name}, and nobody approves a change of their own. Ask somebody else of {Groups(policies)}";
        }

        var rules = policies.Select(p => p.Approval).OfType<ApprovalRules>().ToList();
        if (rules.Any(r => r.Bots.Contains(who.Username)))
        {
            return $"{who.Username} is listed as a bot; only people approve";
        }

        // Said now rather than found out at the next deploy: this approval could not fill any seat.
        return rules.Count > 0 && !rules.Any(r => Quorum.IsEligible(r.Quorum, who.Groups))
            ? $"{who.Username} is in none of the groups that approve here: {Groups(policies)}"
            : null;
    }

    private static IEnumerable<string> AuthorsOf(RecordedChange recorded) => Origins.OriginReader.AuthorsIn(recorded.Evidence);

    private static string Groups(IEnumerable<SafeguardPolicy> policies)
    {
        var groups = policies.SelectMany(p => p.Approval?.Quorum ?? []).SelectMany(l => l.Groups).Distinct().ToList();
        return groups.Count == 0 ? "the approvers" : string.Join(", ", groups);
    }
}
