using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Edits of a workload, as a command for a person. What is applied from a repository has to be edited there: the next sync would undo a
/// command.
/// </summary>
internal static class Edits
{
    /// <summary><c>scale to 6: kubectl scale ...</c>, or <c>set spec.replicas to 6 in the repository</c>.</summary>
    public static string Scale(Request request, WorkloadRef workload, int replicas) =>
        By(request).AppliesRepository()
            ? $"set spec.replicas to {replicas} in the repository"
            : $"scale to {replicas}: {ScaleCommand(workload, replicas)}";

    /// <summary>A whole sentence: the fields to add, and to try again.</summary>
    /// <param name="spec">The merge patch of the spec, as JSON.</param>
    public static string Patch(Request request, WorkloadRef workload, string spec) =>
        By(request).AppliesRepository()
            ? $"Add this to the manifest in the repository, then {Retry(request)}: {{\"spec\":{spec}}}"
            : $"Add this to your manifest, or run it and retry: {PatchCommand(workload, spec)}";

    /// <summary>As <see cref="Patch"/>, where the running object conforms: a patch of it would change nothing.</summary>
    public static string Keep(Request request, WorkloadRef workload, string spec) =>
        By(request).AppliesRepository()
            ? Patch(request, workload, spec)
            : $"Your manifest changes fields that conform in the running object. Add this to the manifest, then {Retry(request)}: "
                + $"{{\"spec\":{spec}}}";

    public static string ScaleCommand(WorkloadRef workload, int replicas) =>
        $"kubectl scale {workload.KubectlName} -n {workload.Namespace} --replicas={replicas}";

    public static string PatchCommand(WorkloadRef workload, string spec) =>
        $"kubectl patch {workload.KubectlName} -n {workload.Namespace} --type=merge -p '{{\"spec\":{spec}}}'";

    public static string Retry(Request request) => By(request).Retry();

    public static Deployer By(Request request) => Deployers.Of(request.Requester);
}
