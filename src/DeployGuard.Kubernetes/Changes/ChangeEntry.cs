using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>What one request adds to the Change of its revision. Does not keep the request's buffers alive.</summary>
internal sealed record ChangeEntry
{
    private const string ChangeIdAnnotation = "deployguard.io/change-id";
    private const int MaxChangeId = 128;

    public required string Name { get; init; }

    public required WorkloadRef Workload { get; init; }

    public required string TemplateHash { get; init; }

    /// <summary>The hash of the template in version 0.2; empty if it is not known.</summary>
    public string LegacyHash { get; init; } = "";

    /// <summary>The hash of the template that the workload ran at the request; null if it is not known.</summary>
    public string? RanHash { get; init; }

    /// <summary>When the request was decided; of an adopted revision, when it was found.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The phase that the request leads to, unless the Change is further, and the reason.</summary>
    public required Transition Transition { get; init; }

    public required IReadOnlyList<ImageChange> Images { get; init; }

    public IReadOnlyList<string> Diff { get; init; } = [];

    public Origin Origin { get; init; } = Origin.NothingKnown;

    /// <summary>The requester; null for an adopted revision.</summary>
    public string? Requester { get; init; }

    /// <summary>The workload did not run it before; false if the request only exposes the current revision further.</summary>
    public bool IsNewRevision { get; init; }

    /// <summary>
    /// It exposes a revision of a live workload, or returns to it, which needs no approval: a person who sends it brings nothing in.
    /// </summary>
    public bool IsOnlyExposure { get; init; }

    /// <summary>The workload did not exist: what is known of the revision is of an earlier workload of this name.</summary>
    public bool CreatesWorkload { get; init; }

    public bool Adopted { get; init; }

    /// <summary>The ReplicaSet or ControllerRevision that holds it; null if none is known.</summary>
    public OwnedRevision? Owned { get; init; }

    /// <summary>The release that it names; empty if it names none.</summary>
    public string ChangeId { get; init; } = "";

    public IReadOnlyList<MatchedPolicy> Policies { get; init; } = [];

    public IReadOnlyList<Violation> Findings { get; init; } = [];

    public IReadOnlyList<Approval> Approvals { get; init; } = [];

    /// <inheritdoc cref="Verdict.Basis"/>
    public IReadOnlyList<string> Basis { get; init; } = [];

    /// <summary>What signed evidence proved, by policy and image.</summary>
    public IReadOnlyList<RecordedProvenance> Provenance { get; init; } = [];

    /// <summary>What it says of the revision, by policy.</summary>
    public IReadOnlyList<SignedBacking> Backing { get; init; } = [];

    /// <summary>What the request lacked; nothing if it was admitted.</summary>
    public OpenRequirements Open =>
        new(ApproversOf(Approvals), MissingApprovals, Rejections, OtherDenials)
        {
            Basis = Basis,
            HasSignedReview = Backing.Any(b => b.FillsSeat),
        };

    /// <summary>Whether a required approval was missing, or a veto stood, and a waiver admitted it nevertheless.</summary>
    public bool IsApprovalWaived =>
        Findings.Any(f =>
            f.Waiver is not null && (f.Finding.Cause == Reasons.ApprovalMissing || f.Finding.Cause == Reasons.ApprovalRejected)
        );

    /// <summary>Whether a BreakGlass admitted it, so that another person must review it.</summary>
    public bool IsByBreakGlass => Findings.Any(f => f.Waiver?.BreakGlass is not null);

    private IReadOnlyList<Rejection> Rejections =>
        [
            .. Findings
                .Where(f => f.IsDenial && f.Finding.Cause == Reasons.ApprovalRejected)
                .Select(f => f.Finding.Rejection)
                .OfType<Rejection>()
                .Distinct(),
        ];

    private IReadOnlyList<string> OtherDenials =>
        [
            .. Findings
                .Where(f => f.IsDenial && f.Finding.Cause != Reasons.ApprovalMissing && f.Finding.Cause != Reasons.ApprovalRejected)
                .Select(f => f.Finding.Reason)
                .Where(code => !OpenRequirements.IsOfEvidence(code))
                .Distinct(),
        ];

    private IReadOnlyList<string> MissingApprovals =>
        [
            .. Findings
                .Where(f => f.IsDenial && f.Finding.Cause == Reasons.ApprovalMissing)
                .Select(f => f.Finding.Missing ?? f.Finding.Reason)
                .Distinct(),
        ];

    private static IReadOnlyList<string> ApproversOf(IEnumerable<Approval> approvals) =>
        [.. approvals.Where(a => a.Decision is Decision.Approve).Select(a => a.Approver.Username).Distinct()];

    /// <param name="at">When the request was decided.</param>
    public static ChangeEntry Of(Verdict verdict, DateTimeOffset at)
    {
        var evaluated = verdict.Evaluated;
        var after = evaluated.After ?? throw new InvalidOperationException($"{evaluated.Request.Target} has no template to put on record");
        var before = evaluated.ConfirmedBefore is { } seen
            ? ImagesOf(seen, verdict).GroupBy(i => i.Path).ToDictionary(g => g.Key, g => g.First().Reference.Text)
            : [];
        var own = after.Template.Images.ToHashSet();
        return new ChangeEntry
        {
            Name = evaluated.Name,
            Workload = after.Ref,
            TemplateHash = after.Template.Hash,
            RanHash = evaluated.LiveHash,
            At = at,
            LegacyHash = evaluated.Recorded?.LegacyHash is null ? "" : after.Template.LegacyHash,
            Transition = TransitionOf(verdict),
            Images =
            [
                .. ImagesOf(after, verdict)
                    .Select(i => new ImageChange(i.Path, before.GetValueOrDefault(i.Path), i.Reference.Text)
                    {
                        IsOfPolicy = !own.Contains(i),
                    }),
            ],
            Diff =
            [
                .. TemplateDiff.Between(evaluated.ConfirmedBefore?.Template.Canonical, after.Template.Canonical),
                .. UnhashedDiff.Between(evaluated.ConfirmedBefore?.Template.Canonical, after.Template.Canonical).Select(VisibleText.Inline),
            ],
            Origin = evaluated.Origin,
            IsNewRevision = evaluated.ChangeType is ChangeType.NewRevision,
            IsOnlyExposure =
                evaluated.Before is not null
                && evaluated.ChangeType
                    is ChangeType.Rollback
                        or ChangeType.MoreExposure
                        or ChangeType.LessExposure
                        or ChangeType.KeptRevision,
            CreatesWorkload = evaluated.Before is null && evaluated.LiveHash is null,
            Requester = evaluated.Request.Requester.Username,
            ChangeId = ChangeIdOf(after),
            // No policy evaluates a rollback: the policies of the first admission stay on record.
            Policies =
                evaluated.ChangeType is ChangeType.Rollback
                    ? []
                    : [.. verdict.Policies.Select(p => new MatchedPolicy(p.Name, p.Mode, SafeguardList.Summarise(p)))],
            Findings = verdict.Findings,
            Approvals = [.. verdict.Approvals.Where(a => a.Decision is not Decision.Withdraw)],
            Basis = verdict.Basis,
            Provenance = RecordedProvenance.Of(verdict),
            Backing = verdict.Backing,
        };
    }

    /// <summary>The images of a workload, with those in annotations that a matching policy names.</summary>
    private static IEnumerable<ImageUse> ImagesOf(Workload workload, Verdict verdict) =>
        workload
            .Template.Images.Concat(verdict.Policies.SelectMany(p => p.ImagesOf(workload.Template)))
            .DistinctBy(i => (i.Path, i.Reference));

    /// <summary>
    /// Records that were lost, from the revisions that are kept for the workload. None for a refused request: it would leave records of
    /// what it was refused for.
    /// </summary>
    /// <param name="at">When the request was decided.</param>
    public static IEnumerable<ChangeEntry> Recovered(Verdict verdict, DateTimeOffset at) =>
        !verdict.IsAllowed || verdict.Evaluated is not { After: { } after } evaluated
            ? []
            : evaluated
                .Recovered.DistinctBy(r => r.TemplateHash)
                .Select(revision => new ChangeEntry
                {
                    Name = ChangeName.Of(after.Ref, revision.TemplateHash),
                    Workload = after.Ref,
                    TemplateHash = revision.TemplateHash,
                    At = at,
                    Transition = new Transition(
                        Phase.Completed,
                        "RecordsLost",
                        "every record of the workload was lost; its live history stands in for them"
                    ),
                    Images = [],
                    Adopted = true,
                    Owned = revision,
                });

    private static Transition TransitionOf(Verdict verdict)
    {
        if (!verdict.IsAllowed)
        {
            return verdict.Denials.Any(d => d.Finding.Cause == Reasons.ApprovalRejected)
                ? new(Phase.Rejected, "Vetoed", verdict.Denials.First(d => d.Finding.Cause == Reasons.ApprovalRejected).Finding.Message)
                : new(
                    Phase.Pending,
                    verdict.AwaitsApproval ? "AwaitsApproval" : verdict.Denials.First().Finding.Reason,
                    verdict.Denials.First().Finding.Message
                );
        }

        var waivers = verdict.Waived.Select(w => w.Waiver).OfType<Waiver>().DistinctBy(w => w.Name).ToList();
        var approvers = string.Join(", ", ApproversOf(verdict.Approvals));
        return verdict.Evaluated.ChangeType is ChangeType.Rollback
                ? new(Phase.Admitted, "Rollback", "rolled back to a revision that had completed")
            : waivers.Count > 0
                ? new(
                    Phase.Admitted,
                    waivers.TrueForAll(w => w.BreakGlass is null) ? "ExemptIdentity" : "BreakGlass",
                    $"admitted by {string.Join(" and ", waivers.Select(w => w.Name))}"
                )
            : approvers.Length > 0 ? new(Phase.Admitted, "Approved", $"approved by {approvers}")
            : verdict.Basis.Count > 0 ? new(Phase.Admitted, "NothingMissing", string.Join("; ", verdict.Basis))
            : new(Phase.Admitted, "NothingMissing", "all requirements of the policies that enforce were met");
    }

    private static string ChangeIdOf(Workload workload)
    {
        var id =
            workload.Template.Annotations.GetValueOrDefault(ChangeIdAnnotation)
            ?? workload.Annotations.GetValueOrDefault(ChangeIdAnnotation)
            ?? "";
        // It is shown with the record, so it must not look like other lines of it.
        return VisibleText.Inline((id.Length > MaxChangeId ? id[..MaxChangeId] : id).Trim());
    }
}

/// <param name="From">Null if there was no image at this path.</param>
internal sealed record ImageChange(string Path, string? From, string To)
{
    /// <summary>It is in an annotation that a policy names: pods are not compared by it.</summary>
    public bool IsOfPolicy { get; init; }
}

/// <param name="Wants">What it requires of a new revision, in one line.</param>
internal sealed record MatchedPolicy(string Name, Mode Mode, string Wants);
