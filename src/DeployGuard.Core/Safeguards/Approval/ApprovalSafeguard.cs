using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Refuses a revision until enough people approved exactly this revision of exactly this workload. Requesters and authors do not count.
/// </summary>
internal sealed class ApprovalSafeguard : ISafeguard
{
    public string Name => "Approval";

    public bool IsWaivable => true;

    /// <summary>Of a rollback only what it would bring besides the revision to which it goes.</summary>
    public Severity SeverityOf(ChangeType type) =>
        type is ChangeType.NewRevision or ChangeType.MoreExposure or ChangeType.Rollback or ChangeType.KeptRevision
            ? Severity.AsPolicySays
            : Severity.None;

    public IEnumerable<Finding> Inspect(Inspection inspection)
    {
        var (evaluated, policy) = (inspection.Evaluated, inspection.Policy);
        if (policy.Approval is not { Required: not Required.Never } rules)
        {
            return [];
        }

        if (evaluated is not { ChangeType: ChangeType.NewRevision, After: not null })
        {
            return OldRevision.In(inspection);
        }

        var (signed, votes) = (SignedEvidence.Of(inspection), inspection.Once(Count));
        var isMissing =
            !votes.IsComplete
            && policy.IsRequired(rules.Required, OriginOf(evaluated, signed))
            && ManualRun.AdmittedSchedule(inspection) is null;
        return
        [
            .. votes.Vetoes.Select(veto => RejectedBy(veto, evaluated)),
            .. isMissing ? [Missing(inspection, rules, votes, signed), .. signed.Findings] : (Finding[])[],
            .. UnavailableEvidence.Of(inspection, signed, isMissing),
        ];
    }

    public IEnumerable<string> Basis(Inspection inspection) => [.. ManualRunBasis(inspection), .. SignedBasis(inspection)];

    /// <summary>The signed reviews that counted, or who says that no AI had a part.</summary>
    private static IEnumerable<string> SignedBasis(Inspection inspection)
    {
        var (evaluated, policy) = (inspection.Evaluated, inspection.Policy);
        if (
            policy is not { SignedOrigin: not null, Approval: { Required: not Required.Never } rules }
            || evaluated is not { ChangeType: ChangeType.NewRevision, After: not null }
        )
        {
            return [];
        }

        return !policy.IsRequired(rules.Required, evaluated.Origin.Kind) ? []
            : !policy.IsRequired(rules.Required, OriginOf(evaluated, SignedEvidence.Of(inspection)))
                ? [SignedBacking.HumanBasis(policy.Name)]
            : inspection.Once(Count).SignedBasis;
    }

    public SignedBacking? Backing(Inspection inspection) =>
        inspection.IsNewRevisionOfWorkload && SignedEvidence.Of(inspection) is var signed && signed.Backing(inspection) is { } found
            ? CountOf(inspection, signed) is { } votes
                ? votes.Explain(found)
                : found
            : null;

    /// <summary>The votes and signed reviews, where the policy requires an approval of this origin; else null.</summary>
    private static VoteTally? CountOf(Inspection inspection, SignedEvidence signed) =>
        inspection is { Policy: { Approval: { Required: not Required.Never } rules } policy, Evaluated: { After: not null } evaluated }
        && policy.IsRequired(rules.Required, OriginOf(evaluated, signed))
            ? inspection.Once(Count)
            : null;

    /// <summary>For a revision under a policy with rules for approvals.</summary>
    private static VoteTally Count(Inspection inspection) =>
        inspection is { Policy: { Approval: { } rules } policy, Evaluated: { After: { } after } evaluated }
            ? VoteTally.Of(
                RequestedRevision.Of(evaluated, after, policy, rules, inspection.Cluster, SignedEvidence.Of(inspection)),
                rules,
                inspection.Cluster.Approvals,
                inspection.Now
            )
            : throw new InvalidOperationException("nothing to vote on");

    private static OriginKind OriginOf(EvaluatedRequest evaluated, SignedEvidence signed) =>
        StandingEvidence.OriginOf(evaluated.Origin.Kind, signed.IsHuman);

    private static IEnumerable<string> ManualRunBasis(Inspection inspection) =>
        inspection.Policy.Approval is { } rules
        && inspection.Policy.IsRequired(rules.Required, inspection.Evaluated.Origin.Kind)
        && ManualRun.AdmittedSchedule(inspection) is { } schedule
            ? [$"a run of {schedule.Workload.KubectlName}, which was admitted with this template (change {schedule.Name})"]
            : [];

    public Requirements Requires(Inspection inspection) =>
        inspection is { IsNewRevisionOfWorkload: true, Policy.Approval.Required: not Required.Never }
            ? new(
                SignedQuestions.Of(inspection.Evaluated, inspection.Policy).IsAny
                    ? RequiredReads.Votes | RequiredReads.SignedEvidence
                    : RequiredReads.Votes,
                RequiredReservations.None
            )
            : Requirements.None;

    public string? Summarise(SafeguardPolicy policy)
    {
        if (policy.Approval is not { Required: not Required.Never } approval)
        {
            return null;
        }

        var lines = approval.Quorum.Select(l => $"{string.Join(" or ", l.Groups)} {l.Count}");
        var images = approval.Covers is ApprovalCovers.Images ? " for new images" : "";
        return $"{string.Join(", ", lines)}{images} within {Durations.Show(approval.MaxAge)}";
    }

    private static Finding Missing(Inspection inspection, ApprovalRules rules, VoteTally votes, SignedEvidence signed)
    {
        var (evaluated, policy) = (inspection.Evaluated, inspection.Policy);
        var notCounted = votes.NotCounted.ToList();
        var inVain = notCounted.Count == 0 ? "" : $". Not counted: {string.Join(", ", notCounted)}";
        var gap = signed.Gap.Length > 0 ? signed.Gap : UnattestedTemplate.In(inspection);
        var unread = UnavailableEvidence.Beside(policy, signed);
        return new Finding(
            Reasons.ApprovalMissing,
            "",
            $"{Describe(evaluated.Origin, rules, policy)}; approvals {votes.Got} of {votes.Wanted}: "
                + $"{votes.Lines}{inVain}{Other(evaluated, inspection.Cluster)}"
                + (gap.Length > 0 ? $". Signed evidence does not stand in for it: {gap}" : "")
                + unread,
            Remedy(
                evaluated,
                policy,
                inspection.Cluster,
                gap.Length > 0 || unread.Length > 0 ? $"Or ask {PeopleOf(rules)}"
                    : inVain.Length > 0 ? $"Ask {PeopleOf(rules)}"
                    : "Ask them"
            )
        )
        {
            Missing = votes.Missing,
        };
    }

    /// <summary>Tells approvers of another template why their approval does not count: where this template differs.</summary>
    private static string Other(EvaluatedRequest evaluated, ClusterSnapshot cluster)
    {
        if (cluster.OtherApproved is not { } other || evaluated.After?.Template.Canonical is not { } asked)
        {
            return "";
        }

        var fields = other.Template is { } approved ? TemplateDiff.FieldsBetween(approved, asked) : "";
        return $". {string.Join(" and ", other.Approvers)} approved another template (change {other.Change}); "
            + (fields.Length > 0 ? $"it differs in {fields}" : "its hash differs");
    }

    private static Finding RejectedBy(Approval veto, EvaluatedRequest evaluated) =>
        new(
            Reasons.ApprovalRejected,
            "",
            new Rejection(veto.Approver.Username, veto.Reason).ToString(),
            $"Ask {veto.Approver.Username} to withdraw it: kubectl deployguard withdraw {evaluated.Name} -n "
                + $"{evaluated.Request.Target.Namespace}"
        )
        {
            Rejection = new Rejection(veto.Approver.Username, veto.Reason),
        };

    private static string Describe(Origin origin, ApprovalRules rules, SafeguardPolicy policy) =>
        origin.Kind switch
        {
            _ when rules.Required is Required.Always => "Every change needs approval",
            OriginKind.AiAssisted => $"AI-assisted change ({SourceOf(origin)}{(origin.Tool is { } tool ? $", tool {tool}" : "")})",
            _ => $"Origin unknown (policy {policy.Name} treats it as AI-assisted)",
        };

    private static string SourceOf(Origin origin) => (origin.Evidence.FirstOrDefault(OriginReader.SaysAi) ?? origin.Evidence[0]).Source;

    /// <summary>The groups of every line.</summary>
    private static string PeopleOf(ApprovalRules rules) =>
        string.Join(" and ", rules.Quorum.Select(l => string.Join(" or ", l.Groups)).Distinct());

    /// <param name="ask">Whom to ask. What is said before it may have asked somebody else, such as a CI job or the platform team.</param>
    private static string Remedy(EvaluatedRequest evaluated, SafeguardPolicy policy, ClusterSnapshot cluster, string ask) =>
        evaluated.ApproveBy switch
        {
            ApproveBy.ChangeName => $"{ask} to run: kubectl deployguard approve {evaluated.Name} -n {evaluated.Request.Target.Namespace}",
            ApproveBy.Hash => $"{ask} to run: kubectl deployguard approve {evaluated.Request.Target.KubectlName} -n "
                + $"{evaluated.Request.Target.Namespace}"
                + $" --hash {Workloads.TemplateHash.DigitsOf(evaluated.After?.Template.Hash ?? "")}",
            ApproveBy.NoRoom => NoRoomRemedy.Of(evaluated, cluster),
            ApproveBy.Never => GeneratedNameRemedy.Of(evaluated, policy),
            ApproveBy.NotYet => "Apply it to the cluster: the refusal there gives the command to approve it",
            _ => throw new InvalidOperationException($"unknown way to approve {evaluated.ApproveBy}"),
        };
}
