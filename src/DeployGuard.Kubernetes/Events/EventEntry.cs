using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Events;

/// <summary>Something that <c>kubectl describe</c> shall show of an object.</summary>
/// <param name="IsWarning">Warning, or Normal.</param>
/// <param name="Reason">CamelCase.</param>
internal sealed record EventEntry(EventSubject About, bool IsWarning, string Reason, string Message)
{
    /// <summary>Null for what needs no telling: what passed as it should.</summary>
    public static EventEntry? Of(Verdict verdict)
    {
        var request = verdict.Evaluated.Request;
        if (request.Target.Namespace.Length == 0)
        {
            // An Event lives in a namespace; what is refused of a namespace itself is in the decision log.
            return null;
        }

        var uid = request is WorkloadRequest { Before: { } before } ? before.Uid : "";
        var about = EventSubject.Of(request.Target, uid);
        var waived = verdict.Waived.Select(w => w.Waiver?.BreakGlass).FirstOrDefault(g => g is not null);
        return !verdict.IsAllowed ? new EventEntry(about, true, "RolloutRefused", $"asked by {request.Requester.Username}: {Messages.Refusal(verdict)}")
            : waived is not null ? new EventEntry(about, true, "BreakGlassUsed", $"{request.Requester.Username} was let in by break-glass {waived.Name}: {waived.Incident}, {waived.Reason}")
            : verdict.Evaluated.ChangeType is ChangeType.Rollback ? new EventEntry(about, false, "RolledBack", $"{request.Requester.Username} went back to a revision that completed: {verdict.Evaluated.Name}")
            : null;
    }
}

/// <summary>The object that an event is about. Without a uid it is listed, and described by nobody: there was no object yet.</summary>
internal sealed record EventSubject(string ApiVersion, string Kind, string Namespace, string Name, string Uid)
{
    /// <summary>Where an event about it lives; the API server wants those of cluster-scoped objects in <c>default</c>.</summary>
    public string EventNamespace => Namespace.Length > 0 ? Namespace : "default";

    public static EventSubject Of(WorkloadRef workload, string uid) =>
        new(workload.ApiGroup.Length == 0 ? "v1" : $"{workload.ApiGroup}/v1", workload.Kind, workload.Namespace, workload.Name, uid);

    public static EventSubject OfChange(string @namespace, string name, string uid) => new(Core.Policies.PolicyReader.ApiVersion, "Change", @namespace, name, uid);
}
