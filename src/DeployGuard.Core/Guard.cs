using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core;

/// <summary>Decides. Pure: the same request, view and time give the same verdict.</summary>
public sealed partial class Guard(TrustedControllers trusted)
{
    private const string OwnName = "Guard";

    private readonly Interpreter _interpreter = new(trusted);

    /// <summary>Judges the request under every matching policy with every safeguard; nothing is cut short.</summary>
    public Verdict Decide(Request request, ClusterView view, DateTimeOffset now)
    {
        var policies = PolicyMatching.Matching(request, view, now);
        var upcoming = PolicyMatching.Upcoming(request, view, now).Where(p => p.Freeze is not null).ToList();
        var change = Understand(request, policies.Count + upcoming.Count > 0, view, now);
        var inspections = policies.Select(p => new Inspection(change, p, view, now)).ToList();
        return new Verdict
        {
            Change = change,
            Policies = policies,
            Notes = [.. inspections.Where(i => i.Policy.Mode is not Mode.Audit).SelectMany(i => Pace.Notes(i).Concat(ImagePinning.Notes(i)))],
            Approvals = [.. view.Approvals.Where(a => change.After is { } after && a.IsAbout(after))],
            ReachedWhenAsked = () => [.. Reached(change, inspections)],
            Findings =
            [
                .. inspections.SelectMany(Judge),
                .. upcoming.SelectMany(p => Freeze.Announce(change, p, now).Select(f => new JudgedFinding(p.Name, p.Mode is Mode.Audit ? Mode.Audit : Mode.Warn, "Freeze", f))),
                .. Left(request, view, now).Where(p => !view.MayLeave.Contains(p.Name)).Select(p => Departure(request, p)),
            ],
        };
    }

    /// <summary>The verdict where facts that a gated decision rests on could not be had: what is enforced waits.</summary>
    /// <param name="cause"><see cref="Reasons.Undecidable"/> or <see cref="Reasons.Overloaded"/>.</param>
    public Verdict Undecidable(Request request, ClusterView view, DateTimeOffset now, Reason cause, string why)
    {
        var policies = PolicyMatching.Matching(request, view, now);
        var finding = new Finding(cause, "", why, "Try again; if it stays, tell whoever operates DeployGuard");
        return new Verdict
        {
            Change = Understand(request, policies.Count > 0, view, now),
            Policies = policies,
            Findings =
            [
                .. policies.Concat(Left(request, view, now)).Where(p => p.Mode is Mode.Enforce).Select(p => p.Name).Distinct()
                    .Select(name => new JudgedFinding(name, Mode.Enforce, OwnName, finding)),
            ],
        };
    }

    private Change Understand(Request request, bool isGuarded, ClusterView view, DateTimeOffset now)
    {
        // Where no policy matches nothing will be asked of the change; most requests of a cluster end here.
        var (meaning, because) = isGuarded ? _interpreter.Interpret(request, view, now) : (Meaning.NothingToGuard, "no policy matches");
        var change = new Change { Request = request, Meaning = meaning, Because = because };
        var (before, asked) = request switch
        {
            WorkloadRequest workload => (workload.Before, workload.After),
            ScaleRequest scale when view.Parent is { } parent => (parent with { Replicas = scale.ReplicasBefore }, parent with { Replicas = scale.ReplicasAfter }),
            _ => (null, null),
        };
        if (meaning is Meaning.NothingToGuard || asked is not { } after)
        {
            // Of what is deleted, what it was decides whom its controller makes up for.
            return change with { Before = before };
        }

        var recorded = view.Changes.FirstOrDefault(c => c.TemplateHash == after.Template.Hash);
        return change with
        {
            Name = recorded?.Name ?? ChangeName.Of(after.Ref, after.Template.Hash),
            Before = before,
            After = after,
            LiveHash = view.LiveHash,
            Recorded = recorded,
            // What was never let in does not become so by being started.
            IsScheduled = because == Interpreter.Scheduled && before is { } was
                && view.Changes.Any(c => c.WasAdmitted && c.TemplateHash == was.Template.Hash),
            Origin = OriginReader.Read(after, before, request.Requester.Username, recorded, view),
            Requesters = [.. (recorded?.Requesters ?? []).Append(request.Requester.Username).Distinct()],
            Recovered = meaning is Meaning.Rollback && History.RecordsAreLost(view) ? view.History : [],
            ApproveBy = request is WorkloadRequest { IsNameGenerated: true } ? ApproveBy.NothingEver
                : request.DryRun && view.ApproveBy is ApproveBy.ChangeName ? ApproveBy.Hash : view.ApproveBy,
        };
    }

    private static IEnumerable<JudgedFinding> Judge(Inspection inspection)
    {
        var (change, policy) = (inspection.Change, inspection.Policy);
        var mode = ModeOf(policy, change.Request);
        return change.Meaning switch
        {
            Meaning.NothingToGuard => [],
            Meaning.NotUnderstood => [new JudgedFinding(policy.Name, mode, OwnName, NotUnderstood(change))],
            // The way back stays open: a tag is worth a warning there, nothing is worth a refusal.
            Meaning.Rollback =>
            [
                .. Inspect(inspection, mode is Mode.Enforce ? Mode.Warn : mode, [new ImagePinning()]),
                // Complete it small, and undo it large, or elsewhere: what is more than it ever served these users is judged like anything unproven.
                .. Inspect(inspection, mode, [new Canary(), new Pace()]),
            ],
            Meaning.LessExposure => Weigh(inspection, mode),
            Meaning.NewRevision when policy.Errors.Count > 0 => [new JudgedFinding(policy.Name, mode, OwnName, Unreadable(policy))],
            Meaning.NewRevision or Meaning.MoreExposure => Inspect(inspection, mode, SafeguardList.All),
            _ => throw new InvalidOperationException($"unknown meaning {change.Meaning}"),
        };
    }

    private static IEnumerable<JudgedFinding> Inspect(Inspection inspection, Mode mode, IReadOnlyList<ISafeguard> safeguards) =>
        from safeguard in safeguards
        from finding in safeguard.Inspect(inspection)
        select new JudgedFinding(inspection.Policy.Name, mode, safeguard.Name, finding)
        {
            Waiver = mode is Mode.Enforce ? WaiverOf(inspection, safeguard.Name) : null,
        };

    private static IEnumerable<JudgedFinding> Weigh(Inspection inspection, Mode mode) =>
        from finding in Canary.Warn(inspection)
        select new JudgedFinding(inspection.Policy.Name, mode is Mode.Enforce ? Mode.Warn : mode, Canary.OwnName, finding);

    private static Waiver? WaiverOf(Inspection inspection, string safeguard)
    {
        var request = inspection.Change.Request;
        if (inspection.Policy.Exempt.Includes(request.Requester))
        {
            return Waiver.ExemptIdentity;
        }

        var glass = inspection.View.BreakGlasses.FirstOrDefault(g =>
            BreakGlass.Waivable.Contains(safeguard) && g.Waives.Contains(safeguard) && g.Serves(request.Requester.Username)
            && CoveredBy(request, inspection.View).Any(w => g.Covers(w, inspection.Now)));
        return glass is null ? null : new Waiver(glass);
    }

    /// <summary>What a BreakGlass may name for a request: its object, the Service whose addresses it writes, or the workloads that stand for the object.</summary>
    private static IEnumerable<WorkloadRef> CoveredBy(Request request, ClusterView view) => request switch
    {
        EndpointsRequest endpoints => new[] { endpoints.Service, endpoints.ServiceBefore }.Where(s => s.Length > 0).Select(s => new WorkloadRef("", "Service", request.Target.Namespace, s)),
        _ => StandingFor(request is WorkloadRequest workload ? workload.Before ?? workload.After : view.Parent, view).Select(o => o.Ref).Prepend(request.Target),
    };

    /// <summary>The verified owner of an object, and the owner of that one. A claim alone must not relax anything.</summary>
    private static IEnumerable<Workload> StandingFor(Workload? made, ClusterView view)
    {
        for (var (owner, depth) = (OwnerOf(made, view), 0); owner is not null && depth < 2; (owner, depth) = (OwnerOf(owner, view), depth + 1))
        {
            yield return owner;
        }
    }

    private static Workload? OwnerOf(Workload? made, ClusterView view) => made is null ? null
        : view.Owners.FirstOrDefault(o => o.Uid.Length > 0 && o.Uid == made.ControllerUid
            && (made.Ref.Kind == "Pod" ? Ownership.TakesIn(o, made.Template.Labels) : Ownership.StandsFor(o, made)));

    /// <summary>Whom a trusted controller relabels was labelled by a person's object.</summary>
    private IReadOnlyList<SafeguardPolicy> Left(Request request, ClusterView view, DateTimeOffset now) =>
        request.Operation is Operation.Update && !trusted.Trusts(request) ? Departures.Of(request, view, now) : [];

    private static JudgedFinding Departure(Request request, SafeguardPolicy policy) => new(policy.Name, ModeOf(policy, request), OwnName, new Finding(
        Reasons.PolicyLeft,
        "metadata.labels",
        $"with these labels {request.Target} would leave policy {policy.Name}",
        $"It needs the verb exempt: kubectl auth can-i exempt safeguardpolicies/{policy.Name}"));

    private static Mode ModeOf(SafeguardPolicy policy, Request request) =>
        request.DryRun && policy is { Mode: Mode.Enforce, DryRun: DryRunAnswer.Warn } ? Mode.Warn : policy.Mode;

    private static Finding NotUnderstood(Change change) => change.Request switch
    {
        { Target.Kind: "ReplicaSet" } when change.Because == Interpreter.OtherProportions => new Finding(Reasons.ControllerOnly, "metadata.annotations", change.Because, "Change the Deployment itself"),
        WorkloadRequest when change.Because == Interpreter.LostText => new Finding(Reasons.TextLost, "", change.Because, "Write the manifest in UTF-8, without the character U+FFFD"),
        WorkloadRequest => new Finding(Reasons.RestartTimeUnknown, "spec.template.metadata.annotations", change.Because, $"Restart it with: kubectl rollout restart {change.Request.Target.KubectlName} -n {change.Request.Target.Namespace}"),
        { Target.Kind: "ControllerRevision" } => new Finding(Reasons.ControllerOnly, "", change.Because, "Change the StatefulSet or DaemonSet itself"),
        _ => new Finding(Reasons.KindUnknown, "", change.Because, "Ask the platform team to add the kind to the chart's workloadKinds, or to stop sending it"),
    };

    private static Finding Unreadable(SafeguardPolicy policy) => new(
        Reasons.PolicyUnreadable,
        "",
        $"policy {policy.Name} cannot be read: {string.Join("; ", policy.Errors)}",
        $"Whoever owns it mends it with: kubectl edit safeguardpolicy {policy.Name}");
}
