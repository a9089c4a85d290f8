using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Edits of a workload, as a command for a person. What is applied from a repository or a chart has to be edited there: the next sync would
/// undo a command.
/// </summary>
internal static class Edits
{
    /// <summary><c>scale to 6: kubectl scale ...</c>, or <c>set spec.replicas to 6 in the repository</c>.</summary>
    public static string Scale(Request request, WorkloadRef workload, int replicas) =>
        By(request).Source() is { } source
            ? $"set spec.replicas to {replicas} in {source}"
            : $"scale to {replicas}: {ScaleCommand(workload, replicas)}";

    /// <summary>A whole sentence: the fields to add, and to try again.</summary>
    /// <param name="spec">The merge patch of the spec, as JSON.</param>
    public static string Patch(EvaluatedRequest evaluated, WorkloadRef workload, string spec)
    {
        var by = By(evaluated.Request);
        return by.Source() is null && !SetsStrategy(evaluated)
                ? $"Add this to your manifest, or run it and retry: {PatchCommand(workload, spec)}"
            : SetsStrategy(evaluated)
                ? $"Add this to {ManifestOf(by)}, which removes or changes it in the live object, then {by.Retry()}: {{\"spec\":{spec}}}"
            : $"Add this to {ManifestOf(by)}, then {by.Retry()}: {{\"spec\":{spec}}}";
    }

    public static string ScaleCommand(WorkloadRef workload, int replicas) =>
        $"kubectl scale {workload.KubectlName} -n {workload.Namespace} --replicas={replicas}";

    public static string PatchCommand(WorkloadRef workload, string spec) =>
        $"kubectl patch {workload.KubectlName} -n {workload.Namespace} --type=merge -p '{{\"spec\":{spec}}}'";

    public static string Retry(Request request) => By(request).Retry();

    public static Deployer By(Request request) => Deployers.Of(request);

    private static string ManifestOf(Deployer by) =>
        by is Deployer.Helm || by.Source() is not { } source ? by.Source() ?? "your manifest" : $"the manifest in {source}";

    /// <summary>The request itself writes how pods are replaced: it would undo a patch of these fields when it is retried.</summary>
    private static bool SetsStrategy(EvaluatedRequest evaluated) =>
        evaluated is { Before.Strategy: var before, After.Strategy: var after }
        && before != after with { Paused = before.Paused, FirstOrdinal = before.FirstOrdinal };
}
