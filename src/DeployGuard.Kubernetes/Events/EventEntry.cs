using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Events;

/// <summary>An Event to write: <c>kubectl describe</c> shows it with its object.</summary>
/// <param name="IsWarning">Warning, or Normal.</param>
/// <param name="Reason">CamelCase.</param>
internal sealed record EventEntry(EventSubject About, bool IsWarning, string Reason, string Message)
{
    /// <summary>What limits its rate; null for the limit of its namespace.</summary>
    public EventBudget? Budget { get; init; }

    /// <summary>Null if the decision needs no Event, such as an ordinary admission.</summary>
    public static EventEntry? Of(Verdict verdict)
    {
        var request = verdict.Evaluated.Request;
        if (request.Target.Namespace.Length == 0)
        {
            // An Event is in a namespace; refusals of a namespace itself are in the decision log.
            return null;
        }

        var uid = request is WorkloadRequest { Before: { } before } ? before.Uid : "";
        var about = EventSubject.Of(request.Target, uid);
        var waived = verdict.Waived.Select(w => w.Waiver?.BreakGlass).OfType<BreakGlass>().DistinctBy(g => g.Name).ToList();
        return !verdict.IsAllowed
                ? new EventEntry(
                    about,
                    true,
                    "RolloutRefused",
                    $"{Messages.RefusalCodes(verdict)}: requested by {request.Requester.Username}: {Messages.Refusal(verdict)}"
                )
            : waived.Count > 0
                ? new EventEntry(
                    about,
                    true,
                    "BreakGlassUsed",
                    $"{request.Requester.Username} was admitted by "
                        + string.Join("; and ", waived.Select(w => $"break-glass {w.Name}: {w.Incident}, {w.Reason}"))
                )
            : verdict.Evaluated.ChangeType is ChangeType.Rollback
                ? new EventEntry(
                    about,
                    false,
                    "RolledBack",
                    $"{request.Requester.Username} rolled back to a revision that had completed: {verdict.Evaluated.Name}"
                )
            : null;
    }
}

/// <summary>
/// Limits the Events of one user in one namespace, so that nobody silences another user; and all Events of that kind together.
/// </summary>
/// <param name="What">A kind of Events with its own limit.</param>
/// <param name="By">User name.</param>
internal sealed record EventBudget(string What, string By);

/// <summary>
/// The object that an Event is about. Without a uid, of an object that did not exist yet, the Event is listed but not described.
/// </summary>
internal sealed record EventSubject(string ApiVersion, string Kind, string Namespace, string Name, string Uid)
{
    /// <summary>The namespace of its Events; those of cluster-scoped objects must be in <c>default</c>.</summary>
    public string EventNamespace => Namespace.Length > 0 ? Namespace : "default";

    public static EventSubject Of(WorkloadRef workload, string uid) =>
        new(workload.ApiGroup.Length == 0 ? "v1" : $"{workload.ApiGroup}/v1", workload.Kind, workload.Namespace, workload.Name, uid);

    public static EventSubject OfPolicy(string name, string uid) =>
        new(Core.Policies.PolicyReader.ApiVersion, Core.Policies.PolicyReader.Kind, "", name, uid);

    public static EventSubject OfChange(string @namespace, string name, string uid) =>
        new(Core.Policies.PolicyReader.ApiVersion, "Change", @namespace, name, uid);
}
