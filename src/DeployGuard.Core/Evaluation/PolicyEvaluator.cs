using System.Collections.Frozen;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// Evaluates a request under all policies. Pure: the same request, snapshot and time give the same verdict. It knows no rule by name:
/// everything specific to one is declared by <see cref="ISafeguard"/>.
/// </summary>
public sealed class PolicyEvaluator
{
    private const int MaxSigns = 5;

    private readonly TrustedControllers _trusted;
    private readonly RequestClassifier _classifier;
    private readonly ISafeguard[] _safeguards;
    private readonly FrozenDictionary<ChangeType, IReadOnlyList<ISafeguard>> _applying;

    /// <param name="safeguards">In the order in which their findings are reported.</param>
    internal PolicyEvaluator(TrustedControllers trusted, IReadOnlyList<ISafeguard> safeguards)
    {
        (_trusted, _safeguards) = (trusted, [.. safeguards]);
        _classifier = new RequestClassifier(trusted);
        _applying = Enum.GetValues<ChangeType>()
            .ToFrozenDictionary(t => t, IReadOnlyList<ISafeguard> (t) => [.. safeguards.Where(s => s.SeverityOf(t) is not Severity.None)]);
    }

    /// <summary>Step 1: which policies match, what type of change the request is, and everything about it that the rules share.</summary>
    /// <param name="cluster">Its <see cref="SnapshotParts"/> are not needed yet.</param>
    public EvaluatedRequest Classify(Request request, ClusterSnapshot cluster, DateTimeOffset now)
    {
        var policies = PolicyMatching.Active(request, cluster, now);
        // Most requests of a cluster match no policy and end here.
        var isGuarded = policies.Count > 0 || Announcing(request, cluster, now).Count > 0;
        return Describe(request, isGuarded ? _classifier.Classify(request, cluster, now) : Classification.Unguarded, cluster) with
        {
            Policies = policies,
        };
    }

    /// <summary>Step 2: the parts of the snapshot that the matching policies need for this request.</summary>
    public SnapshotParts Parts(EvaluatedRequest evaluated) =>
        Applying(evaluated.ChangeType) is []
            ? SnapshotParts.None
            : evaluated
                .Policies.SelectMany(_ => Applying(evaluated.ChangeType), (policy, safeguard) => safeguard.Parts(evaluated, policy))
                .Aggregate(SnapshotParts.None, (all, some) => all | some);

    /// <summary>
    /// Step 3: the live reads and reservations that the decision requires. None for most requests: each rule says for which it needs them.
    /// </summary>
    public Requirements Requires(EvaluatedRequest evaluated, ClusterSnapshot cluster, DateTimeOffset now) =>
        Requires(new Inspections(evaluated, cluster, now));

    /// <summary>The same; what it computes, <see cref="Evaluate(Inspections)"/> need not compute again.</summary>
    public Requirements Requires(Inspections inspections)
    {
        var (evaluated, cluster, now) = (inspections.Evaluated, inspections.Cluster, inspections.Now);
        var exemption = Escaped(evaluated.Request, cluster, now).Any(p => p.Mode is Mode.Enforce)
            ? RequiredReads.Exemption
            : RequiredReads.None;
        return Applying(evaluated.ChangeType) is []
            ? new Requirements(exemption, RequiredReservations.None)
            : inspections
                .All.Where(i => i.Policy.Mode is Mode.Enforce)
                .SelectMany(_ => Applying(evaluated.ChangeType), (inspection, safeguard) => safeguard.Requires(inspection))
                .Aggregate(new Requirements(exemption, RequiredReservations.None), (all, some) => all | some);
    }

    /// <summary>Step 4: evaluates the request under every matching policy with every safeguard, and reports all findings.</summary>
    public Verdict Evaluate(EvaluatedRequest evaluated, ClusterSnapshot cluster, DateTimeOffset now) =>
        Evaluate(new Inspections(evaluated, cluster, now));

    /// <summary>The same.</summary>
    public Verdict Evaluate(Inspections shared)
    {
        var (evaluated, cluster) = (shared.Evaluated, shared.Cluster);
        var applying = Applying(evaluated.ChangeType);
        return new Verdict
        {
            Evaluated = evaluated,
            Notes = Notes(shared.All),
            SignedFacts = cluster.SignedFacts,
            Backing =
                cluster.SignedFacts.Count == 0
                    ? []
                    : [.. shared.All.SelectMany(i => applying.Select(s => s.Backing(i))).OfType<Approvals.SignedBacking>()],
            Approvals = cluster.Approvals.Count == 0 ? [] : ApprovalsOf(evaluated, cluster),
            Basis =
                evaluated.ChangeType is ChangeType.NewRevision && (cluster.Owners.Count > 0 || cluster.SignedFacts.Count > 0)
                    ? BasisOf(shared.All, applying)
                    : [],
            Exposes = applying is [] ? [] : ExposesOf(shared.All, applying),
            Findings = Findings(shared, applying),
        };
    }

    private static IReadOnlyList<Approvals.Approval> ApprovalsOf(EvaluatedRequest evaluated, ClusterSnapshot cluster) =>
        [.. cluster.Approvals.Where(a => evaluated.After is { } after && a.IsAbout(after))];

    private static IReadOnlyList<string> BasisOf(IReadOnlyList<Inspection> inspections, IReadOnlyList<ISafeguard> applying) =>
        [.. inspections.SelectMany(i => applying.SelectMany(s => s.Basis(i))).Distinct()];

    private static IReadOnlyList<PendingExposure> ExposesOf(IReadOnlyList<Inspection> inspections, IReadOnlyList<ISafeguard> applying) =>
        [.. inspections.Where(i => i.Policy.Mode is Mode.Enforce).SelectMany(i => applying.SelectMany(s => s.Exposes(i)))];

    /// <summary>By loops: most requests have none, and then nothing is allocated.</summary>
    private List<Violation> Findings(Inspections shared, IReadOnlyList<ISafeguard> applying)
    {
        var (evaluated, cluster, now) = (shared.Evaluated, shared.Cluster, shared.Now);
        List<Violation>? findings = null;
        for (var i = 0; i < shared.All.Count; i++)
        {
            AddFindings(shared.All[i], applying, ref findings);
        }

        if (Announcing(evaluated.Request, cluster, now) is { Count: > 0 } upcoming)
        {
            (findings ??= []).AddRange(upcoming.SelectMany(p => Announce(new Inspection(evaluated, p, cluster, now))));
        }

        if (Escaped(evaluated.Request, cluster, now) is { Count: > 0 } escaped)
        {
            (findings ??= []).AddRange(
                escaped.Where(p => !cluster.LeavablePolicies.Contains(p.Name)).Select(p => EvaluatorFindings.Escape(evaluated.Request, p))
            );
        }

        return findings ?? [];
    }

    /// <summary>All steps in a row, for a caller with a complete snapshot: tests, examples, <c>deployguard check</c>.</summary>
    public Verdict Evaluate(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        Evaluate(Classify(request, cluster, now), cluster, now);

    /// <summary>
    /// The verdict if a required read, record or reservation of a gated decision failed: under Enforce the request is refused for now.
    /// </summary>
    /// <param name="cause"><see cref="Reasons.EvaluationIncomplete"/> or <see cref="Reasons.Overloaded"/>.</param>
    public Verdict Incomplete(EvaluatedRequest evaluated, ClusterSnapshot cluster, DateTimeOffset now, Reason cause, string why)
    {
        var finding = new Finding(cause, "", why, "Retry; if it persists, contact the platform team");
        return new Verdict
        {
            Evaluated = evaluated,
            Findings =
            [
                .. evaluated
                    .Policies.Concat(Escaped(evaluated.Request, cluster, now))
                    .Where(p => p.Mode is Mode.Enforce)
                    .Select(p => p.Name)
                    .Distinct()
                    .Select(name => new Violation(name, Mode.Enforce, EvaluatorFindings.SafeguardLabel, finding)),
            ],
        };
    }

    /// <summary>The names of the policies whose scope the object leaves. The requester's permission for this has to be read.</summary>
    public IReadOnlyList<string> PoliciesEscaped(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        [.. Escaped(request, cluster, now).Select(p => p.Name)];

    private static EvaluatedRequest Describe(Request request, Classification classification, ClusterSnapshot cluster)
    {
        var evaluated = new EvaluatedRequest { Request = request, Classification = classification };
        var (before, requested) = request switch
        {
            WorkloadRequest workload => (workload.Before, workload.After),
            ScaleRequest scale when cluster.Parent is { } parent => (
                parent with
                {
                    Replicas = scale.ReplicasBefore,
                },
                parent with
                {
                    Replicas = scale.ReplicasAfter,
                }
            ),
            _ => (null, null),
        };
        if (classification.Type is ChangeType.NothingToGuard || requested is not { } after)
        {
            // The former state of a deleted object decides which pods its controller creates again.
            return evaluated with { Before = before };
        }

        var requester = request.Requester.Username;
        var recorded = cluster.Changes.FirstOrDefault(c => c.TemplateHash == after.Template.Hash);
        return evaluated with
        {
            Name = recorded?.Name ?? Changes.ChangeName.Of(after.Ref, after.Template.Hash),
            Before = before,
            After = after,
            LiveHash = cluster.LiveHash,
            Recorded = recorded,
            // A revision that was never admitted does not become admitted by being started.
            IsScheduled =
                classification.IsScheduled
                && before is { } was
                && cluster.Changes.Any(c => c.WasAdmitted && c.TemplateHash == was.Template.Hash),
            Origin = OriginReader.Read(
                after,
                before,
                requester,
                [.. recorded?.EvidenceFor([requester]) ?? [], .. cluster.SignedFacts.SelectMany(f => SignsOfAi(f).Concat(f.Claims))],
                cluster.Changes.SelectMany(c => c.EvidenceFor([])),
                cluster.History.Where(h => h.TemplateHash == after.Template.Hash).SelectMany(h => h.Claims)
            ),
            Requesters = [.. (recorded?.Requesters ?? []).Append(requester).Distinct()],
            Recovered = classification.Type is ChangeType.Rollback && RevisionHistory.RecordsAreLost(cluster) ? cluster.History : [],
            ApproveBy =
                request is WorkloadRequest { IsNameGenerated: true } ? ApproveBy.Never
                : request.DryRun && cluster.ApproveBy is ApproveBy.ChangeName ? ApproveBy.Hash
                : cluster.ApproveBy,
        };
    }

    /// <summary>Signs of AI in verified statements tighten, whatever else the statement may or may not prove.</summary>
    private static IEnumerable<Evidence> SignsOfAi(SignedFacts facts) =>
        facts
            .Images.SelectMany(i => i.Provenance?.AiMarks ?? [])
            .Select(m => OriginReader.SignedMark(m.Keys, m.Tool.Length > 0 ? $"{m.Tool}: {m.What}" : m.What))
            .Distinct()
            .Take(MaxSigns);

    private List<string> Notes(IReadOnlyList<Inspection> inspections)
    {
        var notes = new List<string>();
        foreach (var inspection in inspections)
        {
            if (inspection.Policy.Mode is Mode.Audit)
            {
                continue;
            }

            foreach (var safeguard in _safeguards)
            {
                notes.AddRange(safeguard.Notes(inspection));
            }
        }

        return notes;
    }

    private static void AddFindings(Inspection inspection, IReadOnlyList<ISafeguard> applying, ref List<Violation>? findings)
    {
        var (evaluated, policy) = (inspection.Evaluated, inspection.Policy);
        var own = evaluated.ChangeType switch
        {
            ChangeType.NotUnderstood => EvaluatorFindings.NotUnderstood(evaluated),
            ChangeType.NewRevision when policy.Errors.Count > 0 => EvaluatorFindings.Invalid(policy),
            _ => null,
        };
        if (own is not null)
        {
            (findings ??= []).Add(new Violation(policy.Name, inspection.Mode, EvaluatorFindings.SafeguardLabel, own));
            return;
        }

        for (var i = 0; i < applying.Count; i++)
        {
            (findings ??= []).AddRange(Inspect(inspection, applying[i]));
        }
    }

    private static IEnumerable<Violation> Inspect(Inspection inspection, ISafeguard safeguard)
    {
        var mode =
            safeguard.SeverityOf(inspection.Evaluated.ChangeType) is Severity.WarnAtMost
                ? NoMoreThanWarn(inspection.Mode)
                : inspection.Mode;
        return safeguard
            .Inspect(inspection)
            .Select(finding => new Violation(inspection.Policy.Name, mode, safeguard.Name, finding)
            {
                Waiver = mode is Mode.Enforce ? inspection.WaiverOf(safeguard) : null,
                LimitsExposure = safeguard.LimitsExposure,
                IsWaivable = safeguard.IsWaivable,
            });
    }

    private IEnumerable<Violation> Announce(Inspection inspection) =>
        from safeguard in _safeguards
        from finding in safeguard.Announce(inspection)
        select new Violation(inspection.Policy.Name, NoMoreThanWarn(inspection.Policy.Mode), safeguard.Name, finding);

    private static Mode NoMoreThanWarn(Mode mode) => mode is Mode.Enforce ? Mode.Warn : mode;

    private IReadOnlyList<ISafeguard> Applying(ChangeType type) => _applying[type];

    /// <summary>Policies that are not active yet, and that have a rule that warns in advance.</summary>
    private IReadOnlyList<SafeguardPolicy> Announcing(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        PolicyMatching.Upcoming(request, cluster, now) is { Count: > 0 } upcoming
            ? [.. upcoming.Where(p => _safeguards.Any(s => s.Announces(p)))]
            : [];

    /// <summary>A trusted controller only copies labels of an object that was evaluated.</summary>
    private IReadOnlyList<SafeguardPolicy> Escaped(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        request.Operation is Operation.Update && !_trusted.Trusts(request) ? SelectorEscapes.Of(request, cluster, now) : [];
}
