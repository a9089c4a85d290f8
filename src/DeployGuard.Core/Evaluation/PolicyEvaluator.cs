using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>Decides. Pure: the same request, view and time give the same verdict.</summary>
public sealed partial class PolicyEvaluator(TrustedControllers trusted)
{
    private const string OwnName = "Guard";

    private readonly RequestClassifier _interpreter = new(trusted);

    /// <summary>Judges the request under every matching policy with every safeguard; nothing is cut short.</summary>
    public Verdict Evaluate(Request request, ClusterSnapshot cluster, DateTimeOffset now)
    {
        var policies = PolicyMatching.Matching(request, cluster, now);
        var upcoming = PolicyMatching.Upcoming(request, cluster, now).Where(p => p.Freeze is not null).ToList();
        var evaluated = Understand(request, policies.Count + upcoming.Count > 0, cluster, now);
        var inspections = policies.Select(p => new Inspection(evaluated, p, cluster, now)).ToList();
        return new Verdict
        {
            Evaluated = evaluated,
            Policies = policies,
            Notes = [.. inspections.Where(i => i.Policy.Mode is not Mode.Audit).SelectMany(i => Pace.Notes(i).Concat(ImagePinning.Notes(i)))],
            Approvals = [.. cluster.Approvals.Where(a => evaluated.After is { } after && a.IsAbout(after))],
            ReachedWhenAsked = () => [.. Reached(evaluated, inspections)],
            Findings =
            [
                .. inspections.SelectMany(Judge),
                .. upcoming.SelectMany(p => Freeze.Announce(evaluated, p, now).Select(f => new Violation(p.Name, p.Mode is Mode.Audit ? Mode.Audit : Mode.Warn, "Freeze", f))),
                .. Left(request, cluster, now).Where(p => !cluster.MayLeave.Contains(p.Name)).Select(p => Departure(request, p)),
            ],
        };
    }

    /// <summary>The verdict where facts that a gated decision rests on could not be had: what is enforced waits.</summary>
    /// <param name="cause"><see cref="Reasons.EvaluationIncomplete"/> or <see cref="Reasons.Overloaded"/>.</param>
    public Verdict Incomplete(Request request, ClusterSnapshot cluster, DateTimeOffset now, Reason cause, string why)
    {
        var policies = PolicyMatching.Matching(request, cluster, now);
        var finding = new Finding(cause, "", why, "Try again; if it stays, tell whoever operates DeployGuard");
        return new Verdict
        {
            Evaluated = Understand(request, policies.Count > 0, cluster, now),
            Policies = policies,
            Findings =
            [
                .. policies.Concat(Left(request, cluster, now)).Where(p => p.Mode is Mode.Enforce).Select(p => p.Name).Distinct()
                    .Select(name => new Violation(name, Mode.Enforce, OwnName, finding)),
            ],
        };
    }

    private EvaluatedRequest Understand(Request request, bool isGuarded, ClusterSnapshot cluster, DateTimeOffset now)
    {
        // Where no policy matches nothing will be asked of the change; most requests of a cluster end here.
        var (type, because) = isGuarded ? _interpreter.Classify(request, cluster, now) : (ChangeType.NothingToGuard, "no policy matches");
        var evaluated = new EvaluatedRequest { Request = request, ChangeType = type, Because = because };
        var (before, asked) = request switch
        {
            WorkloadRequest workload => (workload.Before, workload.After),
            ScaleRequest scale when cluster.Parent is { } parent => (parent with { Replicas = scale.ReplicasBefore }, parent with { Replicas = scale.ReplicasAfter }),
            _ => (null, null),
        };
        if (type is ChangeType.NothingToGuard || asked is not { } after)
        {
            // Of what is deleted, what it was decides whom its controller makes up for.
            return evaluated with { Before = before };
        }

        var recorded = cluster.Changes.FirstOrDefault(c => c.TemplateHash == after.Template.Hash);
        return evaluated with
        {
            Name = recorded?.Name ?? ChangeName.Of(after.Ref, after.Template.Hash),
            Before = before,
            After = after,
            LiveHash = cluster.LiveHash,
            Recorded = recorded,
            // What was never let in does not become so by being started.
            IsScheduled = because == RequestClassifier.Scheduled && before is { } was
                && cluster.Changes.Any(c => c.WasAdmitted && c.TemplateHash == was.Template.Hash),
            Origin = OriginReader.Read(
                after,
                before,
                request.Requester.Username,
                recorded?.EvidenceFor([request.Requester.Username]) ?? [],
                cluster.Changes.SelectMany(c => c.EvidenceFor([])),
                cluster.History.Where(h => h.TemplateHash == after.Template.Hash).SelectMany(h => h.Claims)),
            Requesters = [.. (recorded?.Requesters ?? []).Append(request.Requester.Username).Distinct()],
            Recovered = type is ChangeType.Rollback && RevisionHistory.RecordsAreLost(cluster) ? cluster.History : [],
            ApproveBy = request is WorkloadRequest { IsNameGenerated: true } ? ApproveBy.NothingEver
                : request.DryRun && cluster.ApproveBy is ApproveBy.ChangeName ? ApproveBy.Hash : cluster.ApproveBy,
        };
    }

    private static IEnumerable<Violation> Judge(Inspection inspection)
    {
        var (evaluated, policy) = (inspection.Evaluated, inspection.Policy);
        var mode = ModeOf(policy, evaluated.Request);
        return evaluated.ChangeType switch
        {
            ChangeType.NothingToGuard => [],
            ChangeType.NotUnderstood => [new Violation(policy.Name, mode, OwnName, NotUnderstood(evaluated))],
            // The way back stays open: a tag is worth a warning there, nothing is worth a refusal.
            ChangeType.Rollback =>
            [
                .. Inspect(inspection, mode is Mode.Enforce ? Mode.Warn : mode, [new ImagePinning()]),
                // Complete it small, and undo it large, or elsewhere: what is more than it ever served these users is judged like anything unproven.
                .. Inspect(inspection, mode, [new Canary(), new Pace()]),
            ],
            ChangeType.LessExposure => Weigh(inspection, mode),
            ChangeType.NewRevision when policy.Errors.Count > 0 => [new Violation(policy.Name, mode, OwnName, Unreadable(policy))],
            ChangeType.NewRevision or ChangeType.MoreExposure => Inspect(inspection, mode, SafeguardList.All),
            _ => throw new InvalidOperationException($"unknown meaning {evaluated.ChangeType}"),
        };
    }

    private static IEnumerable<Violation> Inspect(Inspection inspection, Mode mode, IReadOnlyList<ISafeguard> safeguards) =>
        from safeguard in safeguards
        from finding in safeguard.Inspect(inspection)
        select new Violation(inspection.Policy.Name, mode, safeguard.Name, finding)
        {
            Waiver = mode is Mode.Enforce ? WaiverOf(inspection, safeguard.Name) : null,
        };

    private static IEnumerable<Violation> Weigh(Inspection inspection, Mode mode) =>
        from finding in Canary.Warn(inspection)
        select new Violation(inspection.Policy.Name, mode is Mode.Enforce ? Mode.Warn : mode, Canary.OwnName, finding);

    private static Waiver? WaiverOf(Inspection inspection, string safeguard)
    {
        var request = inspection.Evaluated.Request;
        if (inspection.Policy.Exempt.Includes(request.Requester))
        {
            return Waiver.ExemptIdentity;
        }

        var glass = inspection.Cluster.BreakGlasses.FirstOrDefault(g =>
            BreakGlass.Waivable.Contains(safeguard) && g.Waives.Contains(safeguard) && g.Serves(request.Requester.Username)
            && CoveredBy(request, inspection.Cluster).Any(w => g.Covers(w, inspection.Now)));
        return glass is null ? null : new Waiver(glass);
    }

    /// <summary>What a BreakGlass may name for a request: its object, the Service whose addresses it writes, or the workloads that stand for the object.</summary>
    private static IEnumerable<WorkloadRef> CoveredBy(Request request, ClusterSnapshot cluster) => request switch
    {
        EndpointsRequest endpoints => new[] { endpoints.Service, endpoints.ServiceBefore }.Where(s => s.Length > 0).Select(s => new WorkloadRef("", "Service", request.Target.Namespace, s)),
        _ => StandingFor(request is WorkloadRequest workload ? workload.Before ?? workload.After : cluster.Parent, cluster).Select(o => o.Ref).Prepend(request.Target),
    };

    /// <summary>The verified owner of an object, and the owner of that one. A claim alone must not relax anything.</summary>
    private static IEnumerable<Workload> StandingFor(Workload? made, ClusterSnapshot cluster)
    {
        for (var (owner, depth) = (OwnerOf(made, cluster), 0); owner is not null && depth < 2; (owner, depth) = (OwnerOf(owner, cluster), depth + 1))
        {
            yield return owner;
        }
    }

    private static Workload? OwnerOf(Workload? made, ClusterSnapshot cluster) => made is null ? null
        : cluster.Owners.FirstOrDefault(o => o.Uid.Length > 0 && o.Uid == made.ControllerUid
            && (made.Ref.Kind == "Pod" ? Ownership.TakesIn(o, made.Template.Labels) : Ownership.StandsFor(o, made)));

    /// <summary>Whom a trusted controller relabels was labelled by a person's object.</summary>
    private IReadOnlyList<SafeguardPolicy> Left(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        request.Operation is Operation.Update && !trusted.Trusts(request) ? SelectorEscapes.Of(request, cluster, now) : [];

    private static Violation Departure(Request request, SafeguardPolicy policy) => new(policy.Name, ModeOf(policy, request), OwnName, new Finding(
        Reasons.PolicyScopeEscape,
        "metadata.labels",
        $"with these labels {request.Target} would leave policy {policy.Name}",
        $"It needs the verb exempt: kubectl auth can-i exempt safeguardpolicies/{policy.Name}"));

    private static Mode ModeOf(SafeguardPolicy policy, Request request) =>
        request.DryRun && policy is { Mode: Mode.Enforce, DryRun: DryRunAnswer.Warn } ? Mode.Warn : policy.Mode;

    private static Finding NotUnderstood(EvaluatedRequest evaluated) => evaluated.Request switch
    {
        { Target.Kind: "ReplicaSet" } when evaluated.Because == RequestClassifier.OtherProportions => new Finding(Reasons.ControllerOnly, "metadata.annotations", evaluated.Because, "Change the Deployment itself"),
        WorkloadRequest when evaluated.Because == RequestClassifier.LostText => new Finding(Reasons.TextNotUtf8, "", evaluated.Because, "Write the manifest in UTF-8, without the character U+FFFD"),
        WorkloadRequest => new Finding(Reasons.RestartTimeInvalid, "spec.template.metadata.annotations", evaluated.Because, $"Restart it with: kubectl rollout restart {evaluated.Request.Target.KubectlName} -n {evaluated.Request.Target.Namespace}"),
        { Target.Kind: "ControllerRevision" } => new Finding(Reasons.ControllerOnly, "", evaluated.Because, "Change the StatefulSet or DaemonSet itself"),
        _ => new Finding(Reasons.KindUnknown, "", evaluated.Because, "Ask the platform team to add the kind to the chart's workloadKinds, or to stop sending it"),
    };

    private static Finding Unreadable(SafeguardPolicy policy) => new(
        Reasons.PolicyInvalid,
        "",
        $"policy {policy.Name} cannot be read: {string.Join("; ", policy.Errors)}",
        $"Whoever owns it mends it with: kubectl edit safeguardpolicy {policy.Name}");
}
