using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>What runs where signed evidence needs a proven revision: why it is none, and whether it will be one by time.</summary>
internal static class UnprovenBefore
{
    /// <summary>A clause, such as <c>what runs now is not proven</c>.</summary>
    public static string In(Inspection inspection) =>
        inspection.Evaluated is { Before: null, LiveHash: null } ? "nothing runs yet" : "what runs now is not proven";

    /// <summary>The ways out; begins with a full stop.</summary>
    /// <param name="attest">How a statement names the template, where that is one; else empty.</param>
    public static string WayOut(Inspection inspection, string attest = "")
    {
        if (inspection.Evaluated is { Before: null, LiveHash: null })
        {
            return attest.Length > 0 ? $". {AttestAdvice.Capital(attest)}, or have it approved"
                : inspection.Policy is { DryRun: DryRunAnswer.Refuse, SignedOrigin: { } origin }
                && origin.Roles.Contains(KeyRole.SourceReview)
                    ? ". Have it approved: the policy refuses the dry run that a statement about a template is made from (dryRun: Refuse)"
                : ". Have it approved";
        }

        var alsoReviewed = attest.Length > 0 && SignedQuestions.ReviewedBefore(inspection.Evaluated, inspection.Cluster) is not null;
        return RunningIn(inspection) switch
        {
            null => ". No Change on record admitted it, and time does not prove it: have this change approved",
            { IsUnreviewed: true } running => $". It came in by a break-glass without a review. {ReviewOf(running)}",
            { } running when IsProvenByTime(running) => $". {When(running, inspection)}; before that, this change needs an approval"
                + (alsoReviewed ? $", unless you {attest}" : ""),
            { } running => $". Its Change {running.Name} is {running.Phase}, and time does not prove it: have this change approved",
        };
    }

    /// <summary>Whether nothing but time is needed.</summary>
    public static bool IsByTime(Inspection inspection) =>
        RunningIn(inspection) is { IsUnreviewed: false } running && IsProvenByTime(running);

    private static bool IsProvenByTime(Change running) => running.Phase is Phase.Admitted or Phase.Running or Phase.Completed;

    /// <summary>The Change by which what runs was admitted; null if none on record.</summary>
    private static Change? RunningIn(Inspection inspection) =>
        inspection.Evaluated.ConfirmedBefore is { } before
            ? inspection.Cluster.Changes.FirstOrDefault(c => c.Workload == before.Ref && c.HasHash(before.Template.Hash) && c.WasAdmitted)
            : null;

    private static string ReviewOf(Change running) =>
        $"Have that reviewed first: kubectl deployguard approve {running.Name} -n {running.Workload.Namespace}";

    /// <summary>The earliest time: it must have been available on all pods for a whole soak, and have held the steps of a canary.</summary>
    private static string When(Change running, Inspection inspection)
    {
        var now = inspection.Now;
        var canaries = inspection
            .Cluster.Policies.Where(p =>
                p.Canary is { } canary
                && p.Active.Contains(now)
                && running.Workload.Type.Serves
                && p.Match.IncludesKind(running.Workload.Kind)
                && p.IsRequired(canary.Required, running.Origin)
            )
            .Select(p => p.Canary)
            .OfType<CanaryRules>()
            .ToList();
        var soak = canaries.Count == 0 ? ChangeLifecycle.Soak : canaries.Max(c => c.Soak);
        var steps = canaries.Count == 0 ? "" : ", once it has completed the steps of its canary";
        return running.AvailableSince is not { } since
                ? $"Wait until it was available on all pods for {Durations.Show(soak)}{steps}, then "
                    + $"{Edits.Retry(inspection.Evaluated.Request)}"
            : since + soak > now
                ? $"Wait {Durations.ShowWait(since + soak - now, now)}{steps}, then {Edits.Retry(inspection.Evaluated.Request)}"
            : $"It is proven within a minute{steps}: wait, then {Edits.Retry(inspection.Evaluated.Request)}";
    }
}
