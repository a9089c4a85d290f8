using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses a revision until enough people, none of whom asked for it or wrote it, approved exactly it for exactly this workload.</summary>
internal sealed class ApprovalSafeguard : ISafeguard
{
    public const string MissingReason = "ApprovalMissing";
    public const string RejectedReason = "ApprovalRejected";

    public string Name => "Approval";

    public IEnumerable<Finding> Inspect(Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        if (policy.Approval is not { Required: not Required.Never } rules || change is not { Meaning: Meaning.NewRevision, After: { } after })
        {
            return [];
        }

        var votes = view.Approvals
            .Where(a => a.Workload == after.Ref && a.TemplateHash == after.Template.Hash && !HasExpired(a, rules, now))
            .ToList();
        return
        [
            .. votes.Where(v => v.Decision is Decision.Reject && MayReject(v, rules)).Select(RejectedBy),
            .. change.Origin.Needs(rules.Required, policy.UnknownOrigin) ? Count(change, policy, rules, votes) : [],
        ];
    }

    private static IEnumerable<Finding> Count(Change change, SafeguardPolicy policy, ApprovalRules rules, IEnumerable<Approval> votes)
    {
        var approvers = votes
            .Where(v => v.Decision is Decision.Approve && MayApprove(v.Approver, change, rules))
            .DistinctBy(v => v.Approver.Username)
            .Select(v => v.Approver.Groups)
            .ToList();
        var quorum = Quorum.Seat(rules.Quorum, approvers);
        // Whoever stands behind a machine may be among the approvers: two different people make sure that one of them did not write it.
        var twoPeople = rules.Separation is Separation.Strict && change.Requesters.Any(Requester.IsMachineName);
        var wanted = twoPeople ? Math.Max(2, quorum.Wanted) : quorum.Wanted;
        var got = twoPeople ? Math.Max(quorum.Filled, Math.Min(approvers.Count, wanted)) : quorum.Filled;
        if (quorum.Filled == quorum.Wanted && got >= wanted)
        {
            yield break;
        }

        var lines = string.Join(", ", quorum.Lines.Select(l => $"{string.Join(" or ", l.Line.Groups)} {l.Filled}/{l.Line.Count}"));
        var why = twoPeople && quorum.Wanted < 2 ? " (two different people, because a machine asked)" : "";
        yield return new Finding(
            MissingReason,
            "",
            $"{Describe(change.Origin, rules, policy)} and has {Math.Min(got, wanted)} of {wanted} approvals: {lines}{why}",
            Remedy(change))
        {
            Missing = lines + why,
        };
    }

    private static bool HasExpired(Approval approval, ApprovalRules rules, DateTimeOffset now) =>
        now >= approval.CreatedAt + rules.MaxAge || (approval.ExpiresAt is { } end && now >= end);

    private static bool MayApprove(Requester person, Change change, ApprovalRules rules) =>
        !person.IsMachine
        && Quorum.IsEligible(rules.Quorum, person.Groups)
        && !rules.Bots.Contains(person.Username)
        && !change.Requesters.Contains(person.Username)
        && !change.Origin.Authors.Contains(person.Username, StringComparer.OrdinalIgnoreCase);

    private static bool MayReject(Approval vote, ApprovalRules rules) =>
        rules.Monitors.Contains(vote.Approver.Username)
        || (!vote.Approver.IsMachine && Quorum.IsEligible(rules.Quorum, vote.Approver.Groups));

    private static Finding RejectedBy(Approval vote) => new(
        RejectedReason,
        "",
        $"{vote.Approver.Username} rejected it{(vote.Reason.Length > 0 ? $": {vote.Reason}" : "")}",
        $"Talk to {vote.Approver.Username}, or ask for another revision");

    private static string Describe(Origin origin, ApprovalRules rules, SafeguardPolicy policy) => origin.Kind switch
    {
        _ when rules.Required is Required.Always => "every change needs approval",
        OriginKind.AiAssisted => $"the change is AI-assisted ({origin.Evidence[0].Source}{(origin.Tool is { } tool ? $", tool {tool}" : "")})",
        _ => $"nothing says how the change was made, which policy {policy.Name} counts as AI-assisted,",
    };

    private static string Remedy(Change change) => change.ApproveBy switch
    {
        ApproveBy.ChangeName => $"Ask them to run: kubectl deployguard approve {change.Name} -n {change.Request.Target.Namespace}",
        ApproveBy.Hash => $"Ask them to run: kubectl deployguard approve {change.Request.Target.KubectlName} -n {change.Request.Target.Namespace}"
            + $" --hash {change.After?.Template.Hash[Workloads.CanonicalTemplate.HashPrefix.Length..]}",
        ApproveBy.Nothing => "They can approve it once it was asked for in the cluster",
        _ => throw new InvalidOperationException($"unknown way to approve {change.ApproveBy}"),
    };
}
