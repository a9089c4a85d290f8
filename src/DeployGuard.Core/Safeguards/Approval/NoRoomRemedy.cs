using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Safeguards;

/// <summary>What to do where so many requests wait that another one finds no place on record.</summary>
internal static class NoRoomRemedy
{
    private const int MaxNamed = 3;

    public static string Of(EvaluatedRequest evaluated, ClusterSnapshot cluster)
    {
        var (request, home) = (evaluated.Request, Requester.ServiceAccountNamespace(evaluated.Request.Requester.Username));
        var waiting = cluster
            .Changes.Where(c => c.Phase is Phase.Pending && c.Requesters.Any(r => IsTheirs(r, request, home)))
            .OrderBy(c => c.LastRequestedAt)
            .ToList();
        var named = string.Join(", ", waiting.Take(MaxNamed).Select(c => c.Name));
        // The workload's own may be few: the places are bounded for a namespace too.
        var some =
            waiting.Count == 0
                ? ""
                : $": {waiting.Count} for {request.Target.KubectlName}, " + (waiting.Count > MaxNamed ? $"the oldest are {named}" : named);
        return $"It is not on record, because too many requests of {Senders(request, home)} wait already{some}. Withdraw one that is not "
            + $"needed (kubectl deployguard changes -n {request.Target.Namespace} lists them): kubectl deployguard withdraw "
            + $"{(waiting is [var oldest, ..] ? oldest.Name : "CHANGE")} -n {request.Target.Namespace}; then {Edits.Retry(request)}";
    }

    private static bool IsTheirs(string requester, Request request, string? home) =>
        requester == request.Requester.Username || (home is not null && Requester.ServiceAccountNamespace(requester) == home);

    /// <summary>Who shares the places of a requester.</summary>
    private static string Senders(Request request, string? home) =>
        home is null ? request.Requester.Username : $"the service accounts of namespace {home}";
}
