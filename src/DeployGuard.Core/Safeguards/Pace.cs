using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses a Deployment's rollout in place that would replace more pods at once, or sooner, than an unproven revision may reach.</summary>
internal sealed class Pace : ISafeguard
{
    public string Name => "Pace";

    public IEnumerable<Finding> Inspect(Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        if (policy.Canary is not { } rules
            || change is not { Before: { } before, After: { Ref.Kind: "Deployment", Replicas: > 0 } after }
            || !change.Origin.Needs(rules.Required, policy.UnknownOrigin)
            || !RaisesAnUnprovenRevision(change, before, after, rules, view))
        {
            return [];
        }

        var bound = PaceBound.Of(after, rules);
        return bound.Faults.Count == 0 ? [] : [TooFast(after, rules, bound)];
    }

    private static bool RaisesAnUnprovenRevision(Change change, Workload before, Workload after, CanaryRules rules, ClusterView view) =>
        change.Meaning switch
        {
            Meaning.NewRevision => !HasProvenImages(before, after, rules, view),
            // A rollout under way: its pace may not be loosened behind the answer it was given.
            Meaning.MoreExposure => Reach.PaceLoosened(before, after)
                && change.Recorded is { Phase: Phase.Admitted or Phase.Running }
                && view.Changes.Any(c => c.HasCompleted)
                && !HasProvenImages(before, after, rules, view),
            _ => false,
        };

    private static bool HasProvenImages(Workload before, Workload after, CanaryRules rules, ClusterView view)
    {
        if (rules.Covers is not CanaryCovers.Images)
        {
            return false;
        }

        var images = after.Template.Images.Select(i => i.Reference.Text).Order(StringComparer.Ordinal).ToList();
        var proven = view.Changes.Where(c => c.HasCompleted).Select(c => c.Images);
        // Without records, what runs is all that is known to work.
        var known = History.RecordsAreLost(view) ? proven.Append([.. before.Template.Images.Select(i => i.Reference.Text)]) : proven;
        return known.Any(k => k.Order(StringComparer.Ordinal).SequenceEqual(images));
    }

    private static Finding TooFast(Workload after, CanaryRules rules, PaceBound bound)
    {
        var (size, step) = (after.Replicas, rules.Steps[0]);
        var allowed = Math.Max(1, size * step / 100);
        return new Finding(
            Reasons.PaceTooFast,
            "spec.strategy",
            $"{size} of {size} pods (100%) would run an unproven revision, {bound.Batch} at once; step {step}% allows {allowed}. "
                + $"In place, policy allows {bound.MostAtOnce} at once: {string.Join("; ", bound.Faults)}",
            Remedy(after, rules, bound));
    }

    private static string Remedy(Workload after, CanaryRules rules, PaceBound bound)
    {
        var minReady = (int)rules.Pace.MinReady.TotalSeconds;
        var deadline = Math.Max(after.Strategy.ProgressDeadlineSeconds, minReady + 600);
        var patch = "{\"spec\":{\"minReadySeconds\":" + Math.Max(minReady, after.Strategy.MinReadySeconds)
            + ",\"progressDeadlineSeconds\":" + deadline
            + ",\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxSurge\":" + bound.MostAtOnce + ",\"maxUnavailable\":0}}}}";
        var batches = (after.Replicas + bound.MostAtOnce - 1) / bound.MostAtOnce;
        var probes = bound.Unprobed.Count == 0 ? "" : $"Give {string.Join(", ", bound.Unprobed)} a readinessProbe. ";
        return $"{probes}Write this into your manifest, or run it and ask again: "
            + $"kubectl patch {after.Ref.KubectlName} -n {after.Ref.Namespace} --type=merge -p '{patch}' "
            + $"(the rollout then takes about {Durations.Show(batches * rules.Pace.MinReady)}; give Helm a longer --timeout)";
    }
}
