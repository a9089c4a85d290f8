using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>
/// Decides what a request means, once, before any safeguard runs. The order of the questions is the meaning: the first that
/// answers wins.
/// </summary>
internal sealed class Interpreter(TrustedControllers trusted)
{
    public (Meaning Meaning, string Because) Interpret(Request request, ClusterView view)
    {
        if (request.Operation is Operation.Delete)
        {
            return (Meaning.NothingToGuard, "a delete: what serves afterwards is not judged yet");
        }

        if (trusted.Trusts(request.Requester, request.Target.Kind))
        {
            return (Meaning.NothingToGuard, "written by a trusted controller");
        }

        return request switch
        {
            OpaqueRequest { MetadataOnly: true } => (Meaning.NothingToGuard, "metadata alone"),
            OpaqueRequest => (Meaning.NotUnderstood, WhyNotUnderstood(request.Target.Kind)),
            ScaleRequest scale when scale.ReplicasAfter > scale.ReplicasBefore => (Meaning.MoreExposure, "more replicas"),
            ScaleRequest scale when scale.ReplicasAfter < scale.ReplicasBefore => (Meaning.LessExposure, "fewer replicas"),
            ScaleRequest => (Meaning.NothingToGuard, "as many replicas as before"),
            ServiceRequest service => InterpretService(service),
            EndpointsRequest => (Meaning.NothingToGuard, "addresses of a Service: who answers there is not judged yet"),
            NamespaceRequest => (Meaning.NothingToGuard, "a namespace runs nothing; its labels are judged by themselves"),
            WorkloadRequest workload => InterpretWorkload(workload, view),
            _ => throw new InvalidOperationException($"no meaning is known for a {request.GetType().Name}"),
        };
    }

    private static (Meaning, string) InterpretWorkload(WorkloadRequest request, ClusterView view)
    {
        // Labels join a Service, through whichever path they are written.
        if (request is { SubResource: "status", Before: var old, After: var now } && !Reach.HasOtherLabels(old, now))
        {
            return (Meaning.NothingToGuard, "status alone");
        }

        var after = request.After ?? throw new InvalidOperationException($"a {request.Operation} of {request.Target} without an object");
        if (request.Before is not { } before)
        {
            return (Meaning.NewRevision, "a new workload");
        }

        if (RunsTheSame(before, after))
        {
            return Reach.Grown(before, after) is { } grown ? (Meaning.MoreExposure, grown)
                : after.Replicas < before.Replicas ? (Meaning.LessExposure, "fewer replicas")
                : (Meaning.NothingToGuard, "the same template with no more reach");
        }

        return History.WentThrough(after.Template.Hash, view)
            ? (Meaning.Rollback, "back to a revision that completed")
            : (Meaning.NewRevision, "another template");
    }

    private static (Meaning, string) InterpretService(ServiceRequest request)
    {
        if (request is not { After: { IsExternalName: false, Selector.Count: > 0 } after })
        {
            return (Meaning.NothingToGuard, "a Service that selects no pods");
        }

        return request.Before is { IsExternalName: false } before && before.Selector.Count == after.Selector.Count && after.Selects(before.Selector)
            ? (Meaning.NothingToGuard, "the same selector")
            : (Meaning.MoreExposure, "a Service that selects other pods");
    }

    /// <summary>
    /// A pod's spec grows by what schedulers and kubelets write; what it runs is its images. For all other kinds the whole template
    /// counts; other images are asked first, because they settle it without a hash.
    /// </summary>
    private static bool RunsTheSame(Workload before, Workload after) =>
        before.Template.Images.SequenceEqual(after.Template.Images)
        && (after.Ref.Kind == "Pod" || before.Template.Hash == after.Template.Hash);

    private static string WhyNotUnderstood(string kind) => kind == "ControllerRevision"
        ? "only controllers write ControllerRevisions: one made by hand can make a StatefulSet run what nobody judged"
        : $"DeployGuard is registered for {kind} but has no path to its pod template";
}
