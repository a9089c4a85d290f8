using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>The largest request in place of the refused one that passes at a time.</summary>
/// <param name="Pods">How many pods of the revision it allows.</param>
/// <param name="Edit">As the end of a sentence: <c>scale to 6: kubectl scale ...</c>.</param>
/// <param name="Sentence">The same as a sentence of its own, to be done now.</param>
/// <param name="IsAsked">It is the refused request itself.</param>
internal sealed record CanaryOffer(int Pods, string Edit, string Sentence, bool IsAsked)
{
    /// <param name="inspection">At the time of the offer.</param>
    public static CanaryOffer? Of(Inspection inspection, Workload after) =>
        after.IsPartitioned && inspection.Evaluated.Before is not null
            ? StatefulSetRemedy.Lower(inspection, after)
            : FewerReplicas(inspection, after);

    private static CanaryOffer? FewerReplicas(Inspection inspection, Workload after)
    {
        var (evaluated, request) = (inspection.Evaluated, inspection.Evaluated.Request);
        var from = evaluated.Before is { } before && before.Replicas < after.Replicas ? before.Replicas : 0;
        var most = inspection.HighestAsked(pods => after with { Replicas = pods }, from, after.Replicas);
        if (most == from)
        {
            return null;
        }

        var edit = Edits.Scale(request, after.Ref, most);
        return new CanaryOffer(most, evaluated.Before is null ? $"create it with replicas: {most}" : edit, Now(), most == after.Replicas);

        string Now() =>
            Admission.Deployers.Source(Edits.By(request)) is not null ? $"S{edit[1..]}, then {Edits.Retry(request)}"
            : evaluated.Before is null ? $"Create it with replicas: {most}"
            : evaluated.Before.Replicas < after.Replicas ? $"Scale to {most} now: {Edits.ScaleCommand(after.Ref, most)}"
            // Its labels join the Service with all of its pods at once.
            : $"Scale to {most}, then retry: {Edits.ScaleCommand(after.Ref, most)}";
    }
}
