using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core;

/// <summary>Decides. Pure: the same request, view and time give the same verdict.</summary>
public sealed class Guard(TrustedControllers trusted)
{
    private const string OwnName = "Guard";

    private readonly Interpreter _interpreter = new(trusted);

    /// <summary>Which facts <see cref="Decide"/> needs to be live, given what the caches say. None for everything that is not gated.</summary>
    public Facts Needs(Request request, ClusterView cached, DateTimeOffset now)
    {
        var rests = PolicyMatching.Matching(request, cached, now)
            .Any(p => p is { Mode: Mode.Enforce, Approval.Required: not Required.Never });
        return rests && _interpreter.Interpret(request, cached).Meaning is Meaning.NewRevision ? Facts.Approvals : Facts.None;
    }

    /// <summary>Judges the request under every matching policy with every safeguard; nothing is cut short.</summary>
    public Verdict Decide(Request request, ClusterView view, DateTimeOffset now)
    {
        var policies = PolicyMatching.Matching(request, view, now);
        var change = Understand(request, policies.Count > 0, view);
        return new Verdict
        {
            Change = change,
            Policies = policies,
            Approvals = [.. view.Approvals.Where(a => change.After is { } after && a.Workload == after.Ref && a.TemplateHash == after.Template.Hash)],
            Findings = [.. policies.SelectMany(policy => Judge(change, policy, view, now))],
        };
    }

    /// <summary>The verdict where facts that a gated decision rests on could not be had: what is enforced waits.</summary>
    public Verdict Undecidable(Request request, ClusterView view, DateTimeOffset now, string why)
    {
        var policies = PolicyMatching.Matching(request, view, now);
        var finding = new Finding("Undecidable", "", why, "Try again; if it stays, tell whoever operates DeployGuard");
        return new Verdict
        {
            Change = Understand(request, policies.Count > 0, view),
            Policies = policies,
            Findings = [.. policies.Where(p => p.Mode is Mode.Enforce).Select(p => new JudgedFinding(p.Name, Mode.Enforce, OwnName, finding))],
        };
    }

    private Change Understand(Request request, bool isGuarded, ClusterView view)
    {
        // Where no policy matches nothing will be asked of the change; most requests of a cluster end here.
        var (meaning, because) = isGuarded ? _interpreter.Interpret(request, view) : (Meaning.NothingToGuard, "no policy matches");
        var change = new Change { Request = request, Meaning = meaning, Because = because };
        if (meaning is Meaning.NothingToGuard || request is not WorkloadRequest { After: { } after } workload)
        {
            return change;
        }

        var recorded = view.Changes.FirstOrDefault(c => c.TemplateHash == after.Template.Hash);
        return change with
        {
            Name = ChangeName.Of(after.Ref, after.Template.Hash),
            Before = workload.Before,
            After = after,
            Recorded = recorded,
            Origin = OriginReader.Read(after, recorded?.Evidence ?? []),
            Requesters = [.. (recorded?.Requesters ?? []).Append(request.Requester.Username).Distinct()],
            ApproveBy = request.DryRun && view.ApproveBy is ApproveBy.ChangeName ? ApproveBy.Hash : view.ApproveBy,
        };
    }

    private static IEnumerable<JudgedFinding> Judge(Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        var mode = change.Request.DryRun && policy is { Mode: Mode.Enforce, DryRun: DryRunAnswer.Warn } ? Mode.Warn : policy.Mode;
        return change.Meaning switch
        {
            Meaning.NothingToGuard => [],
            Meaning.NotUnderstood => [new JudgedFinding(policy.Name, mode, OwnName, NotUnderstood(change))],
            // The way back stays open: a tag is worth a warning there, nothing is worth a refusal.
            Meaning.Rollback => Inspect(change, policy, mode is Mode.Enforce ? Mode.Warn : mode, [new ImagePinning()], view, now),
            Meaning.NewRevision when policy.Errors.Count > 0 => [new JudgedFinding(policy.Name, mode, OwnName, Unreadable(policy))],
            Meaning.NewRevision or Meaning.MoreExposure => Inspect(change, policy, mode, SafeguardList.All, view, now),
            _ => throw new InvalidOperationException($"unknown meaning {change.Meaning}"),
        };
    }

    private static IEnumerable<JudgedFinding> Inspect(
        Change change, SafeguardPolicy policy, Mode mode, IReadOnlyList<ISafeguard> safeguards, ClusterView view, DateTimeOffset now) =>
        from safeguard in safeguards
        from finding in safeguard.Inspect(change, policy, view, now)
        select new JudgedFinding(policy.Name, mode, safeguard.Name, finding);

    private static Finding NotUnderstood(Change change) => change.Request.Target.Kind == "ControllerRevision"
        ? new Finding("ControllerOnly", "", change.Because, "Change the StatefulSet or DaemonSet itself")
        : new Finding("KindUnknown", "", change.Because, "Ask whoever operates DeployGuard to teach it this kind, or to stop sending it");

    private static Finding Unreadable(SafeguardPolicy policy) => new(
        "PolicyUnreadable",
        "",
        $"policy {policy.Name} cannot be read: {string.Join("; ", policy.Errors)}",
        $"Whoever owns it mends it with: kubectl edit safeguardpolicy {policy.Name}");
}
