using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>How a Change goes from phase to phase by what is seen of it. Requests do the rest: they make it Pending and Admitted.</summary>
public static class ChangeLifecycle
{
    /// <summary>Nobody asked again for so long: it left the inbox.</summary>
    public static readonly TimeSpan WaitsFor = TimeSpan.FromDays(7);

    /// <summary>What was let in and is not seen running by then was dropped by the API server, or never meant.</summary>
    public static readonly TimeSpan RunsWithin = TimeSpan.FromHours(1);

    /// <summary>Available so long without a break is proof, where no canary is asked for.</summary>
    public static readonly TimeSpan Soak = TimeSpan.FromMinutes(10);

    /// <param name="veto">A veto that holds now.</param>
    /// <param name="proof">What it takes to prove it.</param>
    /// <returns>Null to stay.</returns>
    public static Transition? Next(Change change, Observation live, Approval? veto, PromotionCriteria proof, DateTimeOffset now) => change.Phase switch
    {
        // Let in, and then asked for again and refused before the first request had taken effect.
        Phase.Pending or Phase.Rejected or Phase.Expired when change.WasAdmitted && live.Runs(change.TemplateHash) => Seen(live),
        Phase.Pending when veto is not null => new(Phase.Rejected, "Vetoed", $"{veto.Approver.Username} rejected it{(veto.Reason.Length > 0 ? $": {veto.Reason}" : "")}"),
        Phase.Pending when now - Later(change.LastAskedAt, change.Since) >= WaitsFor => new(Phase.Expired, "NotAskedAgain", "nobody asked for it again in 7 days"),
        Phase.Rejected when veto is null => new(Phase.Pending, "VetoLifted", "the veto was withdrawn, or has expired"),
        Phase.Rejected when now - Later(change.LastAskedAt, change.Since) >= WaitsFor => new(Phase.Expired, "NotAskedAgain", "nobody asked for it again in 7 days"),
        Phase.Admitted when live.Runs(change.TemplateHash) => Seen(live),
        Phase.Admitted when now - change.Since >= RunsWithin => new(Phase.Expired, "NeverRan", "let in, but not seen in the workload within an hour"),
        Phase.Running when live.Runs(change.TemplateHash) => live.IsComplete ? Seen(live) : null,
        Phase.Running when live.IsGone(change.TemplateHash) => new(Phase.Expired, "Superseded", "another revision took its place before it ran on all pods"),
        Phase.Completed when veto is null && proof.HoldsAllSteps && live.Runs(change.TemplateHash) && change.AvailableSince is { } since && now - since >= proof.Soak =>
            new(Phase.Proven, "Soaked", $"{(proof.IsByCanary ? "held every step, and " : "")}available on all pods for {Durations.Show(proof.Soak)} without a break"),
        Phase.Pending or Phase.Admitted or Phase.Running or Phase.Completed or Phase.Proven or Phase.Rejected or Phase.Expired => null,
        _ => throw new InvalidOperationException($"unknown phase {change.Phase}"),
    };

    private static Transition Seen(Observation live) => live.IsComplete
        ? new(Phase.Completed, "Available", "ran on all desired pods, available")
        : new(Phase.Running, "Seen", "seen in the workload");

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

/// <summary>A phase to go to, with the cause as Kubernetes words it: a CamelCase reason and a sentence.</summary>
public sealed record Transition(Phase Phase, string Reason, string Message);

/// <summary>What it takes to prove a revision, and what of it was seen.</summary>
/// <param name="IsByCanary">A policy asks for a canary: time alone proves nothing.</param>
/// <param name="HoldsAllSteps">Every step of every canary that is asked for is held; true where none is.</param>
/// <param name="Soak">How long it must be available on all its pods after that.</param>
public sealed record PromotionCriteria(bool IsByCanary, bool HoldsAllSteps, TimeSpan Soak)
{
    public static readonly PromotionCriteria Time = new(false, true, ChangeLifecycle.Soak);
}

/// <summary>What is seen of a workload now.</summary>
/// <param name="TemplateHash">Of the template in its spec; empty if it is gone.</param>
/// <param name="IsObserved">Its controller has seen the newest spec.</param>
/// <param name="IsComplete">It runs that template on all desired pods, at least one, available.</param>
public sealed record Observation(string TemplateHash, bool IsObserved, bool IsComplete)
{
    public static readonly Observation Nothing = new("", true, false);

    public bool Runs(string hash) => IsObserved && TemplateHash == hash;

    public bool IsGone(string hash) => IsObserved && TemplateHash != hash;
}
